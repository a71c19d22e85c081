import Testing
import Ticketing

struct IdempotencyKeyTests {
    @Test(arguments: ["a", "!", "~", "order-1", String(repeating: "x", count: 128)])
    func `1 to 128 visible ASCII characters are a key, kept as they are`(text: String) {
        #expect(IdempotencyKey(text)?.text == text)
    }

    @Test(arguments: [
        "", " ", "two words", "tab\t", "line\n", "null\0", "delete\u{7f}", "é", "🎫", String(repeating: "x", count: 129),
    ])
    func `Anything else is refused`(text: String) {
        #expect(IdempotencyKey(text) == nil)
    }

    @Test func `A key made for the client is one a client could send, and no two are the same`() {
        let keys = (0..<1_000).map { _ in IdempotencyKey.random() }
        #expect(Set(keys).count == keys.count)
        #expect(keys.allSatisfy { IdempotencyKey($0.text) == $0 })
    }
}
