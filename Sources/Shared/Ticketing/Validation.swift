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
    /// How often one ticket may change hands: far more than anyone needs, so that two accounts cannot fill the tables
    /// by handing it to and fro.
    package static let transfers = 20
    /// Bytes of what somebody looks for. Taken apart into its characters it may have twelve times as many, and a word
    /// in a search of Postgres at most 2,046 bytes.
    package static let searchBytes = 160
}

/// An address that mail can be sent to, kept as typed; compared without regard to case.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// nil for an address that is not plainly one: ASCII, a local part of RFC 5322's atoms with dots between them, and
    /// a domain of two or more labels of letters, digits and hyphens. What else the standards allow (quoted local
    /// parts, comments, UTF-8) is hardly ever a person's address, but is how one address is made to look like two, or
    /// like a command. Nor is it one in `.invalid`, which is no domain of anybody (RFC 6761): accounts that nobody can
    /// write to have such.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard Limits.email.contains(text.utf8.count), parts.count == 2, Self.isDotted(parts[0], Self.isAtom),
            parts[1].contains("."), Self.isDotted(parts[1], Self.isDomain), !text.lowercased().hasSuffix(".invalid")
        else { return nil }
        self.text = text
    }

    package var description: String { text }

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
