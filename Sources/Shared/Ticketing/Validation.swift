/// One field of a request that breaks a rule.
package struct FieldError: Hashable, Sendable {
    /// The JSON name of the field, for example `quantity`.
    package let field: String
    package let message: String

    package init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }
}

/// The limits that requests are checked against.
package enum Limits {
    /// Tickets in one order. A larger group orders several times; 100 keeps one order's tickets a small answer.
    package static let quantity = 1...100
    /// Tickets of one event; a billion leaves room for `Int32` columns and is above any venue.
    package static let capacity = 0...1_000_000_000
    /// Units one buyer may hold of one event.
    package static let limitPerBuyer = 1...1_000_000
    /// Characters of an event's title and venue.
    package static let title = 1...200
    /// Characters of an event's description.
    package static let description = 0...10_000
    /// Characters of a password, as code points: NIST SP 800-63B §5.1.1.2 asks for at least 8 and to take at least 64.
    package static let password = 8...256
    /// Bytes of an e-mail address: RFC 5321 §4.5.3.1.3 (a path of 256 octets less its brackets).
    package static let email = 3...254
    /// Characters of a person's name.
    package static let name = 1...200
    /// Characters of a gate's name.
    package static let gate = 1...100
    /// How often one ticket may change hands: far more than anyone needs, so that two accounts cannot fill the tables by
    /// handing it to and fro.
    package static let transfers = 20
    /// Bytes of what somebody looks for. Taken apart into its characters it may have twelve times as many, and a word in a
    /// search of Postgres at most 2,046 bytes.
    package static let searchBytes = 160
}

/// An address that mail can plausibly be sent to, kept as typed; compared without regard to case.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// nil unless there is one `@` with something before it, a dotted domain after it, and no space or control
    /// character. Whether mail arrives is what decides in the end, so nothing more is asked here.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard Limits.email.contains(text.utf8.count), parts.count == 2, !parts[0].isEmpty,
            parts[1].contains("."), !parts[1].hasPrefix("."), !parts[1].hasSuffix("."), !parts[1].contains(".."),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}
