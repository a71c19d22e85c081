/// Where a ticket stands. Only a valid ticket admits its holder or changes hands.
package enum TicketStatus: String, Hashable, Sendable, CaseIterable {
    case valid, used, cancelled, transferred

    package func canMove(to next: TicketStatus) -> Bool { self == .valid && next != .valid }
}

/// The secret on a ticket: 128 random bits as 26 characters of Crockford's Base32, so that it is unguessable and
/// can be read aloud (no I, L, O or U).
package struct TicketCode: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init<Generator: RandomNumberGenerator>(using generator: inout Generator) {
        var high = generator.next() as UInt64
        var low = generator.next() as UInt64
        self.text = String(unsafeUninitializedCapacity: 26) { buffer in
            for position in stride(from: 25, through: 0, by: -1) {
                buffer[position] = TicketCode.alphabet[Int(low & 31)]
                low = low >> 5 | high << 59
                high >>= 5
            }
            return 26
        }
    }

    /// Reads a code; nil unless it is 26 characters of the alphabet (lower case is taken as upper case).
    package init?(_ text: some StringProtocol) {
        let upper = text.uppercased()
        guard upper.utf8.count == 26, upper.utf8.allSatisfy(TicketCode.alphabet.contains) else { return nil }
        self.text = upper
    }

    package var description: String { text }

    /// Crockford's Base32, https://www.crockford.com/base32.html.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
