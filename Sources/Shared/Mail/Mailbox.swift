package import Ticketing

/// Whom a mail is from or goes to: an address, and the name that is shown with it.
package struct Mailbox: Hashable, Sendable {
    package let address: String
    package let name: String?

    package init(_ address: EmailAddress, name: String? = nil) {
        self.address = address.text
        self.name = name
    }

    /// Reads `ada@example.org` or `Ada Lovelace <ada@example.org>`.
    package init?(_ text: String) {
        guard let bracket = text.lastIndex(of: "<") else {
            guard let address = EmailAddress(text) else { return nil }
            self.init(address)
            return
        }
        guard text.hasSuffix(">"), let address = EmailAddress(String(text[text.index(after: bracket)...].dropLast()))
        else { return nil }
        let name = text[..<bracket].split(separator: " ").joined(separator: " ")
        self.init(address, name: name.isEmpty ? nil : name)
    }

    /// What follows the `@`.
    package var domain: Substring { address[address.index(after: address.lastIndex(of: "@") ?? address.startIndex)...] }
}
