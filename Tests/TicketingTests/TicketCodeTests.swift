import Testing
import Ticketing

struct TicketCodeTests {
    /// Gives the numbers it was made with, one after the other.
    private struct Known: RandomNumberGenerator {
        var numbers: [UInt64]
        mutating func next() -> UInt64 { numbers.removeFirst() }
    }

    private static func code(_ high: UInt64, _ low: UInt64) -> String {
        var generator = Known(numbers: [high, low])
        return TicketCode(using: &generator).text
    }

    /// Computed by Python: `''.join(alphabet[v >> 5 * i & 31] for i in range(25, -1, -1))` of the 128-bit number.
    @Test(
        arguments: [
            (0, 0, "00000000000000000000000000"),
            (0, 1, "00000000000000000000000001"),
            (1 << 63, 0, "40000000000000000000000000"),
            (0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, "014D2PF2DBSQQZXQ5TK1V58CGG"),
            (.max, .max, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
        ] as [(UInt64, UInt64, String)])
    func `The code spells the generator's 128 bits`(high: UInt64, low: UInt64, text: String) {
        #expect(Self.code(high, low) == text)
    }

    @Test func `Each of the 128 bits changes the code, so none is lost`() {
        let codes = (0..<64).flatMap { [Self.code(1 << $0, 0), Self.code(0, 1 << $0)] }
        #expect(Set(codes + [Self.code(0, 0)]).count == 129)
    }

    @Test func `Ten thousand codes are distinct, 26 characters long and of Crockford's alphabet`() {
        var generator = SystemRandomNumberGenerator()
        let codes = (0..<10_000).map { _ in TicketCode(using: &generator) }
        #expect(Set(codes).count == codes.count)
        let alphabet = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        #expect(codes.allSatisfy { $0.text.count == 26 && $0.text.allSatisfy(alphabet.contains) })
        #expect(Set(codes.flatMap(\.text)) == alphabet)
    }

    @Test func `A code is read back in either case`() {
        var generator = SystemRandomNumberGenerator()
        let code = TicketCode(using: &generator)
        #expect(TicketCode(code.text) == code)
        #expect(TicketCode(code.text.lowercased()) == code)
    }

    @Test(arguments: [
        "", "014D2PF2DBSQQZXQ5TK1V58CG", "014D2PF2DBSQQZXQ5TK1V58CGGG", "I14D2PF2DBSQQZXQ5TK1V58CGG",
        "L14D2PF2DBSQQZXQ5TK1V58CGG", "O14D2PF2DBSQQZXQ5TK1V58CGG", "U14D2PF2DBSQQZXQ5TK1V58CGG",
        "014D2PF2DBSQQZXQ5TK1V58CG-", "014D2PF2DBSQQZXQ5TK1V58CG ", "014D2PF2DBSQQZXQ5TK1V58Cé",
    ])
    func `Another length or a letter that can be mistaken is refused`(text: String) {
        #expect(TicketCode(text) == nil)
    }
}
