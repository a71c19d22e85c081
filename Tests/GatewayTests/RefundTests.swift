import Foundation
import HTTPTypes
import InventoryStore
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct RefundTests {
    /// A confirmed order of two tickets that both stores know.
    private struct Scene {
        let harness: GatewayHarness
        let event: EventID
        let user = UserID()
        let order: OrderID
        let codes: [TicketCode]

        init() async throws {
            harness = try await GatewayHarness()
            event = try await harness.event()
            order = try await harness.buy(event, quantity: 2, by: user)
            var generator = SystemRandomNumberGenerator()
            codes = (0..<2).map { _ in TicketCode(using: &generator) }
            var stored = PurchaseTests.order(order, user: user, event: event, status: .confirmed, quantity: 2)
            stored.tickets = codes.map { Ticket(code: $0, status: .valid) }
            harness.repository.put(stored)
            try await harness.inventory.publish(
                [SettledOrder(id: order, status: .confirmed, reason: nil, tickets: codes)], in: order.partition)
        }

        func refund(_ body: String? = nil, key: String? = nil) async throws -> Answer {
            try await harness.send(
                .post, "/api/orders/\(order)/refund", token: harness.token(role: .admin), body: body,
                headers: key.map { [.idempotencyKey: $0] } ?? [:])
        }

        func poll(tag: String? = nil) async throws -> Answer {
            try await harness.send(
                .get, "/api/orders/\(order)", token: harness.token(user),
                headers: tag.map { [.ifNoneMatch: $0] } ?? [:])
        }
    }

    @Test func aTicketIsRefundedAndTheBuyerSeesItAtOnceAlthoughRedisHasTheOrderAsItWas() async throws {
        let scene = try await Scene()
        let before = try await scene.poll()
        let tag = try #require(before.headers[.eTag])
        let answer = try await scene.refund("{\"tickets\":[\"\(scene.codes[0])\"],\"reason\":\"ill\"}")
        #expect(answer.status == 202)
        #expect(answer.string("status") == "confirmed")
        #expect(
            answer.text.contains(
                "\"refunds\":[{\"amount\":{\"amount\":4500,\"currency\":\"EUR\"},\"status\":\"requested\""))
        let poll = try await scene.poll(tag: tag)
        #expect(poll.status == 200, "the state is another one than under the old tag")
        #expect(poll.text.contains("\"status\":\"cancelled\"}"))
        #expect(poll.text.contains("\"refunds\":["))
    }

    @Test func withoutABodyTheWholeOrderIsRefunded() async throws {
        let scene = try await Scene()
        #expect(try await scene.refund().string("status") == "refunded")
        #expect(try await scene.poll().string("status") == "refunded")
        try await scene.refund().expectProblem(.orderNotRefundable)
    }

    @Test func theSameKeyIsTheSameRefundAndAnotherRequestUnderItIsRefused() async throws {
        let scene = try await Scene()
        let body = "{\"tickets\":[\"\(scene.codes[0])\"]}"
        for _ in 0..<2 { #expect(try await scene.refund(body, key: "k").status == 202) }
        try await scene.refund("{\"tickets\":[\"\(scene.codes[1])\"]}", key: "k").expectProblem(.idempotencyKeyReused)
        try await scene.refund(body).expectProblem(.ticketNotRefundable)
    }

    @Test func badRefundsAreToldWhatIsWrong() async throws {
        let scene = try await Scene()
        var generator = SystemRandomNumberGenerator()
        for body in [
            "{\"tickets\":[]}", "{\"tickets\":[\"x\"]}", "{\"tickets\":[\"\(TicketCode(using: &generator))\"]}",
            "{\"reason\":\"\"}", "{\"reason\":\"\(String(repeating: "a", count: 501))\"}", "{\"reason\":\"\\u0000\"}",
            "{\"tickets\":\"all\"}",
        ] {
            try await scene.refund(body).expectProblem(.validationFailed)
        }
        try await scene.refund("{", key: "k").expectProblem(.malformedJSON)
        try await scene.refund("{}", key: "with space").expectProblem(.validationFailed)
        let path = "/api/orders/\(UUID())/refund"
        try await scene.harness.send(.post, path, token: scene.harness.token(role: .admin)).expectProblem(
            .orderNotFound)
        try await scene.harness.send(.post, "/api/orders/\(scene.order)/refund", token: scene.harness.token(scene.user))
            .expectProblem(.forbidden)
    }

    @Test func withoutRedisNothingIsRefundedThatItsRecordWouldHide() async throws {
        let scene = try await Scene()
        scene.harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        try await scene.refund().expectProblem(.overloaded)
        #expect(try await scene.harness.repository.order(scene.order)?.status == .confirmed)
    }

    @Test func aCancelledEventIsShownAsSuchAndCannotBeOpenedAgain() async throws {
        let scene = try await Scene()
        let admin = try scene.harness.token(role: .admin)
        let path = "/api/admin/events/\(scene.event)/cancel"
        for _ in 0..<2 {
            let answer = try await scene.harness.send(.post, path, token: admin, body: "{\"reason\":\"storm\"}")
            #expect(answer.status == 200)
            #expect(answer.string("saleState") == "closed")
            #expect(answer.string("cancelledAt") != nil)
        }
        let shown = try await scene.harness.send(.get, "/api/events/\(scene.event)")
        #expect(shown.string("cancelledAt") != nil)
        try await scene.harness.send(
            .post, "/api/admin/events/\(scene.event)/sale", token: admin, body: "{\"state\":\"open\"}"
        ).expectProblem(.eventCancelled)
        try await scene.harness.send(.patch, "/api/events/\(scene.event)", token: admin, body: "{\"title\":\"A\"}")
            .expectProblem(.eventCancelled)
        try await scene.harness.send(.post, "/api/admin/events/\(EventID())/cancel", token: admin)
            .expectProblem(.eventNotFound)
        try await scene.harness.send(.post, path, token: scene.harness.token()).expectProblem(.forbidden)
    }

    @Test func anEventWithOrdersIsNotDeletedAndOneWithoutIsOnceItsSaleIsClosed() async throws {
        let scene = try await Scene()
        let admin = try scene.harness.token(role: .admin)
        func delete(_ event: EventID) async throws -> Answer {
            try await scene.harness.send(.delete, "/api/events/\(event)", token: admin)
        }
        try await delete(scene.event).expectProblem(.eventHasOrders)
        let other = try await scene.harness.event()
        try await delete(other).expectProblem(.eventOnSale)
        _ = try await scene.harness.repository.updateEvent(other, by: UserID()) { $0.saleState = .closed }
        #expect(try await delete(other).status == 204)
        try await delete(other).expectProblem(.eventNotFound)
        try await scene.harness.send(.get, "/api/events/\(other)").expectProblem(.eventNotFound)
    }
}
