import Foundation
import HTTPTypes
import InventoryStore
import OrderRepository
import Security
import Testing
import Ticketing

@testable import Gateway

@Suite struct OrderStatusTests {
    @Test func aQueuedOrderHasItsPlaceInLine() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        _ = try await harness.buy(event, by: UserID())
        let user = UserID()
        let order = try await harness.buy(event, quantity: 2, by: user)
        let answer = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(answer.status == 200)
        #expect(answer.string("id") == order.description)
        #expect(answer.string("eventId") == event.description)
        #expect(answer.string("userId") == user.description)
        #expect(answer.int("quantity") == 2)
        #expect(answer.money("totalPrice") == "9000 EUR")
        #expect(answer.string("status") == "pending")
        #expect(answer.string("stage") == "queued")
        #expect(answer.int("placeInLine") == 2)
        #expect(answer.int("pollAfterMs") != nil)
        #expect(answer.json["failure"] == nil)
        #expect(answer.json["tickets"] == nil)
        #expect(Timestamp.parse(try #require(answer.string("createdAt"))) != nil)
        #expect(Timestamp.parse(try #require(answer.string("updatedAt"))) != nil)
        #expect(answer.headers[.eTag]?.hasPrefix("W/\"") == true)
    }

    @Test func aCommittedOrderIsInPayment() async throws {
        let harness = try await GatewayHarness { $0.limits.progressAge = .zero }
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        try await harness.commit(order.partition)
        let answer = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(answer.string("status") == "pending")
        #expect(answer.string("stage") == "payment")
        #expect(answer.int("placeInLine") == nil)
    }

    @Test func aConfirmedOrderHasItsTickets() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, quantity: 2, by: user)
        try await harness.settle(order, .confirmed, tickets: 2)
        let answer = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(answer.string("status") == "confirmed")
        #expect(answer.string("stage") == "completed")
        let tickets = try #require(answer.json["tickets"] as? [[String: String]])
        #expect(tickets.count == 2)
        #expect(tickets.allSatisfy { $0["status"] == "valid" && TicketCode($0["code"] ?? "") != nil })
        #expect(answer.int("pollAfterMs") == nil)
        #expect(answer.int("placeInLine") == nil)
    }

    @Test func aCancelledOrderSaysWhy() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        try await harness.settle(order, .cancelled, reason: .paymentDeclined)
        let answer = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(answer.string("status") == "cancelled")
        let failure = try #require(answer.json["failure"] as? [String: String])
        #expect(failure["code"] == "payment_declined")
        #expect(failure["message"] == CancellationReason.paymentDeclined.message)
    }

    @Test func theSameTagIsNotModified() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let path = "/api/orders/\(order)"
        let first = try await harness.send(.get, path, token: harness.token(user))
        let tag = try #require(first.headers[.eTag])
        let same = try await harness.send(.get, path, token: harness.token(user), headers: [.ifNoneMatch: tag])
        #expect(same.status == 304)
        #expect(same.text.isEmpty)
        #expect(same.headers[.eTag] == tag)
        try await harness.settle(order, .confirmed, tickets: 1)
        let changed = try await harness.send(.get, path, token: harness.token(user), headers: [.ifNoneMatch: tag])
        #expect(changed.status == 200)
        #expect(changed.headers[.eTag] != tag)
    }

    @Test func onlyTheOwnerAndAdministratorsSeeAnOrder() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let order = try await harness.buy(event, by: UserID())
        let path = "/api/orders/\(order)"
        try await harness.send(.get, path, token: harness.token()).expectProblem(.orderNotFound)
        try await harness.send(.get, path).expectProblem(.unauthenticated)
        #expect(try await harness.send(.get, path, token: harness.token(role: .admin)).status == 200)
    }

    @Test(arguments: ["x", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-8fff-9a0c-0305e82c3301"])
    func anIDThatWeNeverGiveIsNotFoundWithoutAskingAnyone(_ id: String) async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.get, "/api/orders/\(id)", token: harness.token()).expectProblem(.orderNotFound)
        #expect(harness.repository.orderLookups == 0)
    }

    @Test func anOrderThatNeitherStoreKnowsIsNotFound() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let order = try await harness.buy(event, by: UserID())
        // The same partition, so Redis has a memory of it.
        var bytes = order.uuid.uuid
        bytes.0 ^= 1
        try await harness.send(.get, "/api/orders/\(OrderID(UUID(uuid: bytes)))", token: harness.token())
            .expectProblem(.orderNotFound)
    }

    // MARK: - P26

    @Test func whenRedisForgotAnOrderPostgresAnswers() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: .confirmed))
        harness.inventory.empty()
        let answer = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(answer.status == 200)
        #expect(answer.string("status") == "confirmed")
    }

    @Test func whileRedisIsAwayAnOrderIsNeverNotFound() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let path = "/api/orders/\(order)"
        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        let waiting = try await harness.send(.get, path, token: harness.token(user))
        waiting.expectProblem(.warmingUp)
        #expect(waiting.headers[.retryAfter] == "1")

        harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: .pending))
        let known = try await harness.send(.get, path, token: harness.token(user))
        #expect(known.string("stage") == "payment")

        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        try await harness.send(.get, path, token: harness.token(user)).expectProblem(.overloaded)
    }

    @Test func whatWasShownAsFinalWhileRedisWasAwayStaysSo() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let path = "/api/orders/\(order)"
        harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: .confirmed))
        let before = try await harness.send(.get, path, token: harness.token(user))
        #expect(before.string("status") == "pending", "Redis was not told yet")
        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        let away = try await harness.send(.get, path, token: harness.token(user))
        #expect(away.string("status") == "confirmed")
        harness.inventory.fail(with: nil)
        let back = try await harness.send(.get, path, token: harness.token(user))
        #expect(back.string("status") == "confirmed")
    }

    @Test func anEmptiedRedisIsNoProofThatAnOrderDoesNotExist() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        harness.inventory.empty()
        try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user)).expectProblem(.warmingUp)
    }

    @Test func aStuckOrderIsLookedUpInPostgresOnceASecondAndNeverGoesBack() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let path = "/api/orders/"
        let young = try await harness.buy(event, by: user)
        _ = try await harness.send(.get, path + young.description, token: harness.token(user))
        #expect(harness.repository.orderLookups == 0)

        // Taken in ten seconds ago by the store's clock, so old from the first moment.
        harness.inventory.advance(by: .seconds(-10))
        let old = try await harness.buy(event, by: user)
        for _ in 0..<5 {
            let answer = try await harness.send(.get, path + old.description, token: harness.token(user))
            #expect(answer.string("status") == "pending")
        }
        #expect(harness.repository.orderLookups == 1)

        let other = try await harness.buy(event, by: user)
        harness.repository.put(PurchaseTests.order(other, user: user, event: event, status: .confirmed))
        for _ in 0..<5 {
            let answer = try await harness.send(.get, path + other.description, token: harness.token(user))
            #expect(answer.string("status") == "confirmed")
        }
        #expect(harness.repository.orderLookups == 2)
    }

    // MARK: - Tickets of a confirmed order

    @Test func theOutcomeOfASaleIsToldWithoutPostgres() async throws {
        let harness = try await GatewayHarness()
        let user = UserID()
        let order = try await harness.buy(try await harness.event(), by: user)
        try await harness.settle(order, .confirmed, tickets: 1)
        for _ in 0..<5 { _ = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user)) }
        #expect(harness.repository.orderLookups == 0)
    }

    @Test func laterTheTicketsArePostgresAndATagTellsOneStateFromTheNext() async throws {
        let harness = try await GatewayHarness { $0.limits.ticketAge = .zero }
        let event = try await harness.event()
        let user = UserID()
        let path: String
        var stored: Order
        (path, stored) = try await harness.oldConfirmedOrder(of: event, by: user, tickets: 2)
        let before = try await harness.send(.get, path, token: harness.token(user))
        #expect((before.json["tickets"] as? [[String: String]])?.map { $0["status"] } == ["valid", "valid"])
        var tags = [try #require(before.headers[.eTag])]
        for (ticket, status) in [(0, TicketStatus.transferred), (1, .used)] {
            stored.tickets[ticket].status = status
            harness.repository.put(stored)
            let after = try await harness.send(
                .get, path, token: harness.token(user), headers: [.ifNoneMatch: tags[ticket]])
            #expect(after.status == 200)
            #expect(
                (after.json["tickets"] as? [[String: String]])?.map { $0["status"] }
                    == stored.tickets.map(\.status.rawValue))
            tags.append(try #require(after.headers[.eTag]))
        }
        #expect(Set(tags).count == 3)
    }

    @Test func manyWhoAskForOneOrderCostOneLookUpASecond() async throws {
        let harness = try await GatewayHarness()
        let user = UserID()
        let (path, _) = try await harness.oldConfirmedOrder(of: try await harness.event(), by: user, tickets: 1)
        for _ in 0..<5 { #expect(try await harness.send(.get, path, token: harness.token(user)).status == 200) }
        #expect(harness.repository.orderLookups == 1)
    }

    @Test func whilePostgresIsAwayTheRecordAnswers() async throws {
        let harness = try await GatewayHarness()
        let user = UserID()
        let (path, _) = try await harness.oldConfirmedOrder(of: try await harness.event(), by: user, tickets: 1)
        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        let answer = try await harness.send(.get, path, token: harness.token(user))
        #expect(answer.string("status") == "confirmed")
        #expect((answer.json["tickets"] as? [Any])?.count == 1)
    }

    // MARK: - Lists

    @Test func ordersAreListedNewestFirstInPages() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        var generator = SystemRandomNumberGenerator()
        for second in 0..<5 {
            var order = PurchaseTests.order(
                try await harness.buy(event, by: user), user: user, event: event, status: .confirmed,
                createdAt: Date(timeIntervalSince1970: Double(second)))
            order.tickets = [Ticket(code: TicketCode(using: &generator), status: .valid)]
            harness.repository.put(order)
        }
        harness.repository.put(
            PurchaseTests.order(try await harness.buy(event, by: UserID()), user: UserID(), event: event, status: .paid)
        )
        let token = try harness.token(user)
        var path = "/api/orders?limit=2"
        var times: [String] = []
        for size in [2, 2, 1] {
            let page = try await harness.send(.get, path, token: token)
            #expect(page.status == 200)
            let items = try #require(page.json["items"] as? [[String: Any]])
            #expect(items.count == size)
            #expect(items.allSatisfy { ($0["tickets"] as? [Any])?.count == 1 })
            times += items.compactMap { $0["createdAt"] as? String }
            path = "/api/orders?limit=2&cursor=\(page.string("nextCursor") ?? "")"
        }
        #expect(times == times.sorted(by: >))
        #expect(Set(times).count == 5)
        #expect(path.hasSuffix("cursor="))
    }

    @Test(arguments: ["limit=0", "limit=101", "limit=x", "cursor=nonsense"])
    func aBadPageIsRefused(_ query: String) async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.get, "/api/orders?\(query)", token: harness.token()).expectProblem(.validationFailed)
        try await harness.send(.get, "/api/events?\(query)").expectProblem(.validationFailed)
    }
}

extension GatewayHarness {
    /// An order that was confirmed a minute ago by the store's clock, in both stores.
    func oldConfirmedOrder(
        of event: EventID, by user: UserID, tickets: Int
    ) async throws -> (path: String, stored: Order) {
        inventory.advance(by: .seconds(-60))
        let order = try await buy(event, quantity: tickets, by: user)
        try await settle(order, .confirmed, tickets: tickets)
        let record = try #require(try await inventory.order(order))
        var stored = PurchaseTests.order(order, user: user, event: event, status: .confirmed, quantity: tickets)
        stored.tickets = record.tickets.map { Ticket(code: $0, status: .valid) }
        repository.put(stored)
        return ("/api/orders/\(order)", stored)
    }

    /// Takes everything off the partition's stream, as a lane does after its commit.
    func commit(_ partition: Partition) async throws {
        try await inventory.withReader(of: partition, consumer: "test") { reader in
            let deliveries = try await reader.next(limit: 1_000, wait: .zero)
            _ = try await inventory.acknowledge(deliveries.map(\.entry), in: partition, drainRate: 1_000)
        }
    }
}
