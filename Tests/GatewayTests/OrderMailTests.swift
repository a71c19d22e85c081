import Foundation
import HTTPTypes
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct OrderMailTests {
    /// A confirmed order in both stores.
    private struct Scene {
        let harness: GatewayHarness
        let user = UserID()
        let order: OrderID

        init(status: OrderStatus? = .confirmed) async throws {
            harness = try await GatewayHarness()
            let event = try await harness.event()
            order = try await harness.buy(event, by: user)
            if let status {
                harness.repository.put(PurchaseTests.order(order, user: user, event: event, status: status))
            }
        }

        func mails(_ token: String?) async throws -> Answer {
            try await harness.send(.get, "/api/orders/\(order)/mails", token: token)
        }

        func resend(_ token: String?) async throws -> Answer {
            try await harness.send(.post, "/api/orders/\(order)/mails/resend", token: token)
        }

        func token() throws -> String { try harness.token(user) }
    }

    private static func mail(
        _ kind: MailKind, _ state: MailState, attempts: Int = 1, failure: String? = nil, age: TimeInterval = 3_600
    ) -> OrderMail {
        let createdAt = Date(timeIntervalSinceNow: -age)
        return OrderMail(
            kind: kind, state: state, attempts: attempts, createdAt: createdAt,
            sentAt: state == .sent ? createdAt : nil, failureCode: failure)
    }

    @Test func theBuyerSeesWhatWasMailedNewestFirst() async throws {
        let scene = try await Scene()
        scene.harness.repository.put(
            [
                Self.mail(.orderConfirmed, .dead, attempts: 1, failure: "refused"),
                Self.mail(.orderConfirmed, .waiting, attempts: 2, failure: "deferred"),
                Self.mail(.orderConfirmed, .sent),
            ], of: scene.order)
        let answer = try await scene.mails(scene.token())
        #expect(answer.status == 200)
        let items = answer.json["items"] as? [[String: Any]] ?? []
        #expect(items.map { $0["state"] as? String } == ["sent", "waiting", "dead"])
        #expect(items.map { $0["attempts"] as? Int } == [1, 2, 1])
        #expect(items.map { $0["sentAt"] != nil } == [true, false, false])
        #expect(items.allSatisfy { $0["kind"] as? String == "order_confirmed" && $0["createdAt"] is String })
        let failures = items.map { $0["failure"] as? [String: String] }
        #expect(failures.map { $0?["code"] } == [nil, "deferred", "refused"])
        #expect(failures[1]?["message"] == "It could not be delivered yet. It is tried again.")
        #expect(failures[2]?["message"] == "The mail server of the address does not take it.")
    }

    @Test func anAdministratorSeesItTooAndNobodyElse() async throws {
        let scene = try await Scene()
        #expect(try await scene.mails(scene.harness.token(role: .admin)).status == 200)
        try await scene.mails(scene.harness.token()).expectProblem(.orderNotFound)
        try await scene.mails(nil).expectProblem(.unauthenticated)
        let odd = try await scene.harness.send(.get, "/api/orders/none/mails", token: scene.token())
        odd.expectProblem(.orderNotFound)
    }

    @Test func anOrderInLineHasNoMailsYet() async throws {
        let scene = try await Scene(status: nil)
        let answer = try await scene.mails(scene.token())
        #expect(answer.status == 200)
        #expect((answer.json["items"] as? [Any])?.isEmpty == true)
    }

    @Test func theBuyerHasAConfirmationSentAgain() async throws {
        let scene = try await Scene()
        scene.harness.repository.put([Self.mail(.orderConfirmed, .sent)], of: scene.order)
        let answer = try await scene.resend(scene.token())
        #expect(answer.status == 202)
        #expect(answer.string("state") == "waiting")
        #expect(answer.string("kind") == "order_confirmed")
        #expect(try await scene.harness.repository.mails(of: scene.order).count == 2)
        #expect(try await scene.resend(scene.token()).status == 202, "the same again, while it waits")
        #expect(try await scene.harness.repository.mails(of: scene.order).count == 2)
    }

    @Test func onceAMinuteIsEnough() async throws {
        let scene = try await Scene()
        scene.harness.repository.put([Self.mail(.orderConfirmed, .sent, age: 20)], of: scene.order)
        let answer = try await scene.resend(scene.token())
        answer.expectProblem(.rateLimited)
        let seconds = try #require(answer.headers[.retryAfter].flatMap { Int($0) })
        #expect((20...40).contains(seconds))
        #expect(try await scene.harness.repository.mails(of: scene.order).count == 1)
    }

    @Test(arguments: [nil, OrderStatus.pending, .cancelled, .refunded])
    func onlyAConfirmedOrderHasAConfirmation(_ status: OrderStatus?) async throws {
        let scene = try await Scene(status: status)
        try await scene.resend(scene.token()).expectProblem(.orderNotConfirmed)
    }

    @Test func nobodyElseHasMailSentNotEvenAnAdministrator() async throws {
        let scene = try await Scene()
        try await scene.resend(scene.harness.token()).expectProblem(.orderNotFound)
        try await scene.resend(scene.harness.token(role: .admin)).expectProblem(.orderNotFound)
        try await scene.resend(nil).expectProblem(.unauthenticated)
        #expect(try await scene.harness.repository.mails(of: scene.order).isEmpty)
    }
}
