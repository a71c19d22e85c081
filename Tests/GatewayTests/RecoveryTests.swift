import Crypto
import HTTPTypes
import InventoryStore
import OnsaleConfiguration
import OrderRepository
import Security
import Testing
import Ticketing

@testable import Gateway

/// Orders that Redis has lost, put back by the receipts their buyers were given.
@Suite struct RecoveryTests {
    private static func recover(
        _ receipt: String?, by user: UserID, on harness: GatewayHarness
    ) async throws -> Answer {
        let body = receipt.map { "{\"receipt\":\"\($0)\"}" } ?? "{}"
        return try await harness.send(.post, "/api/orders/recover", token: harness.token(user), body: body)
    }

    @Test func anAcceptedOrderSurvivesTheLossOfRedis() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let accepted = try await harness.purchase(event, quantity: 2, key: "mine", token: harness.token(user))
        let order = try #require(accepted.string("orderId"))
        let receipt = try #require(accepted.string("receipt"))
        let again = try await harness.purchase(event, quantity: 2, key: "mine", token: harness.token(user))
        #expect(Self.receiptOrder(again) == Self.receiptOrder(accepted), "a replay brings a receipt as well")

        harness.inventory.empty()
        let lost = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(lost.status == 503)
        for _ in 0..<2 {
            let answer = try await Self.recover(receipt, by: user, on: harness)
            #expect(answer.status == 200)
            #expect(answer.string("id") == order)
            #expect(answer.string("status") == "pending")
            #expect(answer.int("quantity") == 2)
        }
        let id = try #require(OrderID(order))
        #expect(try await harness.inventory.order(id) != nil)
        #expect(try await harness.inventory.progress(of: id.partition).accepted == 1)
    }

    @Test func anOrderThatIsKnownIsLeftAlone() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let accepted = try await harness.purchase(event, token: harness.token(user))
        let receipt = try #require(accepted.string("receipt"))
        let id = try #require(accepted.string("orderId").flatMap { OrderID($0) })
        let available = try await harness.available(event)
        #expect(try await Self.recover(receipt, by: user, on: harness).string("status") == "pending")
        harness.inventory.empty()
        harness.repository.put(PurchaseTests.order(id, user: user, event: event, status: .confirmed))
        #expect(try await Self.recover(receipt, by: user, on: harness).string("status") == "confirmed")
        #expect(try await harness.inventory.order(id) == nil)
        #expect(available != nil)
    }

    @Test func aReceiptThatIsNoneOrSomeoneElsesIsRefused() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let receipt = try #require(try await harness.purchase(event, token: harness.token(user)).string("receipt"))
        harness.inventory.empty()
        try await Self.recover(receipt, by: UserID(), on: harness).expectProblem(.orderNotFound)
        for odd in [nil, "", "B" + receipt.dropFirst(), String(receipt.dropLast())] {
            let answer = try await Self.recover(odd, by: user, on: harness)
            answer.expectProblem(.validationFailed)
            #expect(answer.fields == ["receipt"])
        }
    }

    @Test func whenTheSaleHasGoneOnWithoutItTheOrderEndsAsCancelled() async throws {
        let harness = try await GatewayHarness()
        let id = try await harness.event { $0.totalTickets = 1 }
        let user = UserID()
        let accepted = try await harness.purchase(id, key: "mine", token: harness.token(user))
        let receipt = try #require(accepted.string("receipt"))
        harness.inventory.empty()
        let event = try #require(try await harness.repository.event(id))
        try await harness.load(event, epoch: 2)
        _ = try await harness.buy(id, by: UserID())
        for _ in 0..<2 {
            let answer = try await Self.recover(receipt, by: user, on: harness)
            #expect(answer.status == 200)
            #expect(answer.string("status") == "cancelled")
            #expect(answer.failureCode == "sold_out")
        }
        // The same key is that order, and with another body it is refused (I7).
        let again = try await harness.purchase(id, key: "mine", token: harness.token(user))
        #expect(again.status == 202)
        #expect(again.string("status") == "cancelled")
        try await harness.purchase(id, quantity: 2, key: "mine", token: harness.token(user))
            .expectProblem(.idempotencyKeyReused)
    }

    /// Redis lost twice: the order of before the first loss must not come on top of the one of before the second.
    @Test func whatTheBuyerBoughtMeanwhileCountsWhileNoStockIsLoaded() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event { $0.limitPerBuyer = 4 }
        let user = UserID()
        let first = try await harness.purchase(event, quantity: 3, key: "first", token: harness.token(user))
        harness.inventory.empty()
        let receipt = try #require(first.string("receipt"))
        harness.repository.put(
            PurchaseTests.order(
                try Self.otherOrder(of: user, event), user: user, event: event, status: .confirmed, quantity: 2))
        let answer = try await Self.recover(receipt, by: user, on: harness)
        #expect(answer.string("status") == "cancelled")
        #expect(answer.failureCode == "limit_exceeded")
        let id = try #require(first.string("orderId").flatMap { OrderID($0) })
        #expect(try await harness.inventory.order(id) == nil)
    }

    @Test func aReceiptFromBeforeTheTimeThatRedisRemembersIsTooOld() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let accepted = try await harness.purchase(event, token: harness.token(user))
        let id = try #require(accepted.string("orderId").flatMap { OrderID($0) })
        let price = try #require(Money(amount: 4_500, currency: .eur))
        let intent = Intent(
            order: id, user: user, event: event, quantity: 1, total: price, paymentMethod: .standard)
        harness.inventory.empty()
        let week = Int64(7 * 86_400_000)
        let now = Int64(WallClock.seconds() * 1_000)
        let signer = ReceiptSigner(secret: SymmetricKey(data: GatewayHarness.secret.bytes))
        let old = signer.sign(OrderReceipt(intent: intent, sequence: 1, acceptedAt: now - week - 1_000))
        try await Self.recover(old, by: user, on: harness).expectProblem(.orderNotFound)
        let recent = signer.sign(OrderReceipt(intent: intent, sequence: 1, acceptedAt: now - week + 60_000))
        #expect(try await Self.recover(recent, by: user, on: harness).string("status") == "pending")
    }

    private static func otherOrder(of user: UserID, _ event: EventID) throws -> OrderID {
        OrderID(
            user: user, event: event, idempotencyKey: .random(),
            partition: Partitioning(count: 16).partition(of: event),
            secret: SymmetricKey(data: GatewayHarness.secret.bytes))
    }

    private static func receiptOrder(_ answer: Answer) -> Bool { answer.string("receipt")?.isEmpty == false }
}
