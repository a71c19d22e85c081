import HTTPTypes
import InventoryStore
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct CancelTests {
    private static func cancel(
        _ order: OrderID, by user: UserID, on harness: GatewayHarness
    ) async throws -> Answer {
        try await harness.send(.post, "/api/orders/\(order)/cancel", token: harness.token(user))
    }

    @Test func aPendingOrderIsCancelledAndIsNeverSeenAsPendingAgain() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, quantity: 2, by: user)
        harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: .pending, quantity: 2))
        for _ in 0..<2 {
            let answer = try await Self.cancel(order, by: user, on: harness)
            #expect(answer.status == 200)
            #expect(answer.string("status") == "cancelled")
            #expect(answer.failureCode == "cancelled_by_buyer")
        }
        let poll = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(poll.string("status") == "cancelled")
    }

    @Test func anOrderInLineIsCancelledToo() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let answer = try await Self.cancel(order, by: user, on: harness)
        #expect(answer.string("status") == "cancelled")
        #expect(try await harness.repository.order(order)?.reason == .cancelledByBuyer)
        #expect(try await harness.inventory.order(order)?.status == .cancelled)
    }

    @Test func whatHasEndedOtherwiseCannotBeCancelled() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: .confirmed))
        try await Self.cancel(order, by: user, on: harness).expectProblem(.orderFinal)
        #expect(try await harness.repository.order(order)?.status == .confirmed)
    }

    @Test func aBuyerIsNotToldOfACancellationThatRedisWasNotToldOf() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: .pending))
        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        try await Self.cancel(order, by: user, on: harness).expectProblem(.overloaded)
        harness.inventory.fail(with: nil)
        #expect(try await Self.cancel(order, by: user, on: harness).string("status") == "cancelled")
        #expect(try await harness.inventory.order(order)?.status == .cancelled)
    }

    @Test func ordersOfOthersAndUnknownOnesAreNotFound() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let queued = try await harness.buy(event, by: user)
        let committed = try await harness.buy(event, by: user)
        harness.repository.put(PurchaseTests.order(committed, user: user, event: event, status: .pending))
        for order in [queued, committed] {
            try await Self.cancel(order, by: UserID(), on: harness).expectProblem(.orderNotFound)
        }
        #expect(try await harness.inventory.order(queued)?.status == .pending)
        #expect(try await harness.repository.order(committed)?.status == .pending)
        let odd = try await harness.send(.post, "/api/orders/none/cancel", token: harness.token(user))
        odd.expectProblem(.orderNotFound)
        let anonymous = try await harness.send(.post, "/api/orders/\(queued)/cancel")
        anonymous.expectProblem(.unauthenticated)
    }

    @Test func whileAStoreIsAwayTheBuyerIsToAskAgain() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        try await Self.cancel(order, by: user, on: harness).expectProblem(.warmingUp)
        harness.inventory.fail(with: nil)
        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        try await Self.cancel(order, by: user, on: harness).expectProblem(.overloaded)
    }
}

extension Answer {
    var failureCode: String? { (json["failure"] as? [String: String])?["code"] }
}
