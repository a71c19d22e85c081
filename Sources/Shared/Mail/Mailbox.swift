import Ticketing

/// Whom a mail is from or goes to: an address, and the name that is shown with it.
package struct Mailbox: Hashable, Sendable {
    package let address: String
    package let name: String?

    /// nil for an address that is not plainly one: ASCII, a local part of RFC 5322's atoms with dots between them, and a
    /// domain of letters, digits and hyphens. What else the standards allow (quoted local parts, comments, UTF-8) is
    /// hardly ever a person's address, but is how one address is made to look like two, or like a command.
    package init?(address: String, name: String? = nil) {
        guard let checked = EmailAddress(address) else { return nil }
        let parts = checked.text.split(separator: "@")
        guard Self.isDotted(parts[0], Self.isAtom), Self.isDotted(parts[1], Self.isDomain) else { return nil }
        self.address = address
        self.name = name
    }

    /// Reads `ada@example.org` or `Ada Lovelace <ada@example.org>`.
    package init?(_ text: String) {
        guard let bracket = text.lastIndex(of: "<") else {
            self.init(address: text)
            return
        }
        guard text.hasSuffix(">") else { return nil }
        let name = text[..<bracket].split(separator: " ").joined(separator: " ")
        self.init(
            address: String(text[text.index(after: bracket)...].dropLast()), name: name.isEmpty ? nil : name)
    }

    /// What follows the `@`.
    package var domain: Substring { address[address.index(after: address.lastIndex(of: "@") ?? address.startIndex)...] }

    private static func isDotted(_ text: Substring, _ isAllowed: (UInt8) -> Bool) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isAllowed) }
    }

    private static func isDomain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static let signs = Set("!#$%&'*+-/=?^_`{|}~".utf8)

    private static func isAtom(_ byte: UInt8) -> Bool { isDomain(byte) || signs.contains(byte) }
}
