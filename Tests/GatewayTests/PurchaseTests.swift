import Crypto
import Foundation
import HTTPTypes
import InventoryStore
import OnsaleConfiguration
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct PurchaseTests {
    @Test func anAcceptedPurchaseIsToldWhereItsOrderIs() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let answer = try await harness.purchase(event, quantity: 2, key: "key-1", token: harness.token())
        #expect(answer.status == 202)
        let order = try #require(answer.string("orderId"))
        #expect(OrderID(order) != nil)
        #expect(answer.string("status") == "pending")
        #expect(answer.string("stage") == "queued")
        #expect(answer.string("eventId") == event.description)
        #expect(answer.int("quantity") == 2)
        #expect(answer.money("totalPrice") == "9000 EUR")
        #expect(answer.string("idempotencyKey") == "key-1")
        #expect(answer.string("statusUrl") == "/api/orders/\(order)")
        #expect(try #require(answer.int("pollAfterMs")) >= 200)
        #expect(answer.headers[.location] == "/api/orders/\(order)")
        #expect(answer.headers[.retryAfter] == "1")
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.headers[.idempotentReplayed] == nil)
        #expect(try await harness.available(event) == 98)
    }

    @Test func aPurchaseWithoutAKeyGetsOneThatNamesTheSameOrderWhenItIsUsed() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let token = try harness.token()
        let first = try await harness.purchase(event, token: token)
        let key = try #require(first.string("idempotencyKey"))
        let again = try await harness.purchase(event, key: key, token: token)
        #expect(again.string("orderId") == first.string("orderId"))
        let other = try await harness.purchase(event, token: token)
        #expect(other.string("orderId") != first.string("orderId"))
        #expect(try await harness.available(event) == 98)
    }

    @Test func aRetryIsTheSameOrderAndTakesNothingMore() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let token = try harness.token(user)
        let order = try await harness.buy(event, quantity: 3, key: "again", by: user)
        let replay = try await harness.purchase(event, quantity: 3, key: "again", token: token)
        #expect(replay.status == 202)
        #expect(replay.string("orderId") == order.description)
        #expect(replay.headers[.idempotentReplayed] == "true")
        #expect(replay.string("status") == "pending")

        try await harness.settle(order, .confirmed, tickets: 3)
        let late = try await harness.purchase(event, quantity: 3, key: "again", token: token)
        #expect(late.status == 202)
        #expect(late.string("status") == "confirmed")
        #expect(late.string("stage") == "completed")
        #expect(try await harness.available(event) == 97)
    }

    @Test(arguments: [(2, nil), (1, "pm_declined")] as [(Int, String?)])
    func aKeyUsedForAnotherRequestIsRefused(quantity: Int, method: String?) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        _ = try await harness.buy(event, key: "once", by: user)
        let answer = try await harness.purchase(
            event, quantity: quantity, key: "once", method: method, token: harness.token(user))
        answer.expectProblem(.idempotencyKeyReused)
        #expect(try await harness.available(event) == 99)
    }

    @Test func anotherUserWithTheSameKeyGetsAnOrderOfTheirOwn() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let first = try await harness.buy(event, key: "shared", by: UserID())
        let second = try await harness.buy(event, key: "shared", by: UserID())
        #expect(first != second)
    }

    // MARK: - Refusals

    struct Refused: Sendable, CustomTestStringConvertible {
        var code: ProblemCode
        var retryAfter: ClosedRange<Int>?
        var quantity = 1
        var change: @Sendable (inout EventDetails) -> Void
        var testDescription: String { code.rawValue }
    }

    static let refusals = [
        Refused(code: .soldOut) { $0.totalTickets = 0 },
        Refused(code: .soldOut, quantity: 3) { $0.totalTickets = 2 },
        Refused(code: .limitExceeded, quantity: 11) { $0.limitPerBuyer = 10 },
        Refused(code: .saleNotOpen, retryAfter: 55...65) {
            $0.saleState = .scheduled
            $0.saleOpensAt = Date(timeIntervalSinceNow: 60)
        },
        Refused(code: .saleNotOpen, retryAfter: 3_600...3_600) {
            $0.saleState = .scheduled
            $0.saleOpensAt = Date(timeIntervalSinceNow: 1_000_000)
        },
        Refused(code: .saleNotOpen, retryAfter: 60...60) { $0.saleState = .scheduled },
        Refused(code: .saleClosed) { $0.saleState = .closed },
        Refused(code: .saleClosed) { $0.saleClosesAt = Date(timeIntervalSinceNow: -60) },
        Refused(code: .salePaused, retryAfter: 5...5) { $0.saleState = .paused },
    ]

    @Test(arguments: refusals)
    func aRefusalHasACodeAndReservesNothing(_ refused: Refused) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(refused.change)
        let before = try await harness.available(event)
        let answer = try await harness.purchase(event, quantity: refused.quantity, token: harness.token())
        answer.expectProblem(refused.code)
        let retryAfter = answer.headers[.retryAfter].flatMap { Int($0) }
        if let expected = refused.retryAfter {
            #expect(expected.contains(try #require(retryAfter)))
        } else {
            #expect(retryAfter == nil)
        }
        #expect(try await harness.available(event) == before)
    }

    @Test func aFullBacklogIsOverloaded() async throws {
        // The in-memory store's cap comes from its own configuration, so the answer alone is looked at here.
        let problem = PurchaseProblems.problem(for: .busy, limits: GatewayLimits())
        #expect(problem.code == .overloaded)
        #expect(problem.retryAfter == 1)
    }

    // MARK: - What Redis does not know

    @Test func anUnknownEventIsNotFoundAndAskedForOnceInAWhile() async throws {
        let harness = try await GatewayHarness { $0.limits.eventAge = .seconds(60) }
        let event = EventID()
        for _ in 0..<20 {
            try await harness.purchase(event, token: harness.token()).expectProblem(.eventNotFound)
        }
        #expect(harness.repository.eventLookups == 1)
    }

    @Test func anEventThatIsNotLoadedYetIsWarmingUp() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let answer = try await harness.purchase(event, token: harness.token())
        answer.expectProblem(.warmingUp)
        #expect(answer.headers[.retryAfter] == "1")
    }

    @Test func withoutPostgresAColdEventIsWarmingUpAndNotUnknown() async throws {
        let harness = try await GatewayHarness()
        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        try await harness.purchase(EventID(), token: harness.token()).expectProblem(.warmingUp)
    }

    @Test func withoutRedisAPurchaseIsToBeSentAgain() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        harness.inventory.fail(with: InventoryError(.unavailable, "away", mayHaveRun: true))
        let answer = try await harness.purchase(event, key: "k", token: harness.token())
        answer.expectProblem(.overloaded)
        #expect(answer.headers[.retryAfter] == "1")
        #expect(answer.string("detail")?.contains("same Idempotency-Key") == true)
    }

    /// P33: the key is used again after Redis has forgotten everything.
    @Test func aKeyUsedAfterEveryCacheExpiredIsAnsweredByThePrimaryKey() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, key: "old", by: user)
        harness.repository.put(Self.order(order, user: user, event: event, status: .confirmed))
        harness.inventory.empty()

        let answer = try await harness.purchase(event, key: "old", token: harness.token(user))
        #expect(answer.status == 202)
        #expect(answer.string("orderId") == order.description)
        #expect(answer.string("status") == "confirmed")
        #expect(answer.headers[.idempotentReplayed] == "true")

        try await harness.purchase(event, quantity: 2, key: "old", token: harness.token(user))
            .expectProblem(.idempotencyKeyReused)
        // Negative control: another key is no replay.
        try await harness.purchase(event, key: "new", token: harness.token(user)).expectProblem(.warmingUp)
    }

    /// The record has expired, but the buyer is still counted, and the event is sold out.
    @Test func aKnownBuyersRetryIsAnsweredByItsOrderAlsoWhenSoldOut() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.repository.createEvent(GatewayHarness.details { $0.totalTickets = 1 })
        let user = UserID()
        let key = try #require(IdempotencyKey("old"))
        let order = OrderID(
            user: user, event: event.id, idempotencyKey: key,
            partition: harness.configuration.partitioning.partition(of: event.id),
            secret: .init(data: GatewayHarness.secret.bytes))
        try await harness.load(
            StockLoad(
                event: event.id, epoch: 1, available: 0, terms: harness.terms(event.details), buyers: [(user, 1)]))
        harness.repository.put(Self.order(order, user: user, event: event.id, status: .confirmed))

        let answer = try await harness.purchase(event.id, key: "old", token: harness.token(user))
        #expect(answer.status == 202)
        #expect(answer.string("orderId") == order.description)
        // Negative control: somebody who is no buyer is refused without a look into Postgres.
        let lookups = harness.repository.orderLookups
        try await harness.purchase(event.id, key: "old", token: harness.token()).expectProblem(.soldOut)
        #expect(harness.repository.orderLookups == lookups)
    }

    @Test func aKeyWhoseRecordExpiredIsLookedForBeforeItSellsAgain() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, key: "old", by: user)
        harness.repository.put(Self.order(order, user: user, event: event, status: .confirmed))
        let lookups = harness.repository.orderLookups
        _ = try await harness.buy(event, by: user)
        #expect(harness.repository.orderLookups == lookups, "nothing can have expired yet")

        harness.inventory.advance(by: .seconds(8 * 86_400))
        harness.inventory.forget(order)
        let available = try await harness.available(event)
        let again = try await harness.purchase(event, key: "old", token: harness.token(user))
        #expect(again.status == 202)
        #expect(again.string("orderId") == order.description)
        try await harness.purchase(event, quantity: 2, key: "old", token: harness.token(user))
            .expectProblem(.idempotencyKeyReused)
        #expect(try await harness.available(event) == available)
        // Negative control: a new key of the same buyer sells.
        _ = try await harness.buy(event, by: user)
        #expect(try await harness.available(event) == available.map { $0 - 1 })
    }

    @Test func whenTheLookUpFailsAKnownBuyerIsToAskAgain() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event { $0.limitPerBuyer = 1 }
        let user = UserID()
        _ = try await harness.buy(event, by: user)
        try await harness.purchase(event, token: harness.token(user)).expectProblem(.limitExceeded)
        harness.inventory.advance(by: .seconds(8 * 86_400))
        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        try await harness.purchase(event, token: harness.token(user)).expectProblem(.overloaded)
    }

    static func order(
        _ id: OrderID, user: UserID, event: EventID, status: OrderStatus, quantity: Int = 1, createdAt: Date = Date()
    ) -> Order {
        Order(
            id: id, user: user, event: event, quantity: quantity, total: GatewayHarness.price.times(quantity)!,
            paymentMethod: .standard, status: status, reason: nil, tickets: [], createdAt: createdAt,
            updatedAt: createdAt)
    }
}
