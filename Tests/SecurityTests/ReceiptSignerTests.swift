import Crypto
import Foundation
import Security
import Testing
import Ticketing

struct ReceiptSignerTests {
    private static let signer = ReceiptSigner(
        secret: SymmetricKey(data: Data("a secret of 32 bytes, or longer..".utf8)))

    private static func receipt(method: String = "pm_accepted", quantity: Int = 3) throws -> OrderReceipt {
        let user = UserID()
        let event = EventID()
        return OrderReceipt(
            intent: Intent(
                order: OrderID(
                    user: user, event: event, idempotencyKey: .random(), partition: Partition(7),
                    secret: SymmetricKey(size: .bits256)),
                user: user, event: event, quantity: quantity,
                total: try #require(Money(amount: 4_550 * Int64(quantity), currency: .chf)),
                paymentMethod: try #require(PaymentMethod(method))),
            sequence: 123_456_789, acceptedAt: 1_800_000_000_123)
    }

    @Test(arguments: ["a", "pm_accepted", String(repeating: "m", count: PaymentMethod.maximumLength)], [1, 100])
    func `A receipt comes back as it was signed`(method: String, quantity: Int) throws {
        let receipt = try Self.receipt(method: method, quantity: quantity)
        let text = Self.signer.sign(receipt)
        #expect(Self.signer.verify(text) == receipt)
        #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
    }

    @Test func `A receipt with any bit changed, cut short or made longer is refused`() throws {
        let text = Self.signer.sign(try Self.receipt())
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(Self.signer.verify(changed) == nil)
        }
        for count in 0..<text.count { #expect(Self.signer.verify(text.prefix(count)) == nil) }
        for more in ["A", "AA", "AAAA", "="] { #expect(Self.signer.verify(text + more) == nil) }
    }

    @Test func `Another deployment's receipt is refused`() throws {
        let other = ReceiptSigner(secret: SymmetricKey(data: Data("another secret of 32 bytes, at least".utf8)))
        #expect(Self.signer.verify(other.sign(try Self.receipt())) == nil)
    }

    @Test(arguments: ["", "A", "receipt", "{}", String(repeating: "A", count: 10_000), "\u{1F3AB}"])
    func `What is no receipt is refused`(text: String) {
        #expect(Self.signer.verify(text) == nil)
    }
}
