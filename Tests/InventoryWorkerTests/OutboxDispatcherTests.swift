import Foundation
@testable import InventoryWorker
import OrderRepository
import Payments
import Synchronization
import Testing
import Ticketing

struct OutboxDispatcherTests {
    /// Messages in memory, and what became of them.
    private final class Messages: OutboxRepository {
        struct State {
            var waiting: [OutboxMessage] = []
            var delivered: [OutboxMessage] = []
            var failures: [OutboxMessage] = []
            var dead: [OutboxMessage] = []
            var refunded: [OrderID] = []
            /// References by refund.
            var settled: [UUID: String] = [:]
        }

        let state = Mutex(State())

        init(_ waiting: [OutboxMessage]) { state.withLock { $0.waiting = waiting } }

        func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] {
            state.withLock { state in
                defer { state.waiting.removeFirst(min(limit, state.waiting.count)) }
                return Array(state.waiting.prefix(limit))
            }
        }

        func markDelivered(_ message: OutboxMessage) async throws(RepositoryError) {
            state.withLock { $0.delivered.append(message) }
        }

        func markFailed(
            _ message: OutboxMessage, _ failure: String, pause: Duration
        ) async throws(RepositoryError) {
            state.withLock { $0.failures.append(message) }
        }

        func giveUp(
            _ message: OutboxMessage, _ failure: String, refund: String?
        ) async throws(RepositoryError) {
            state.withLock { $0.dead.append(message) }
        }

        func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError) {
            state.withLock { $0.refunded.append(order) }
        }

        func settleRefund(_ id: UUID, reference: String) async throws(RepositoryError) {
            state.withLock { $0.settled[id] = reference }
        }

        func chargeStandings(of orders: [OrderID]) async throws(RepositoryError) -> [OrderID: ChargeStanding] { [:] }

        func addVoid(of order: OrderID) async throws(RepositoryError) -> Bool { false }

        func reviewRefunds(of order: OrderID) async throws(RepositoryError) -> Bool { false }

        func depth() async throws(RepositoryError) -> OutboxDepth {
            state.withLock { OutboxDepth(waiting: $0.waiting.count, oldest: .zero, dead: $0.dead.count) }
        }
    }

    private let provider = PaymentDouble()

    private func dispatch(_ waiting: [OutboxMessage]) async throws -> Messages.State {
        let messages = Messages(waiting)
        let dispatcher = OutboxDispatcher(repository: messages, gateway: provider, logger: Sale.silent)
        #expect(try await dispatcher.dispatch() == waiting.count)
        return messages.state.withLock { $0 }
    }

    private static func void(_ number: Int, attempts: Int = 1) -> OutboxMessage {
        let intent = Intent.number(number)
        return OutboxMessage(
            id: Int64(number), kind: .void, order: intent.order, attempts: attempts,
            payment: .init(total: intent.total, method: intent.paymentMethod))
    }

    private static func refund(_ number: Int, of message: OutboxMessage, cents: Int64) throws -> OutboxMessage {
        OutboxMessage(
            id: Int64(number), kind: .refund, order: message.order, attempts: 1, payment: message.payment,
            refund: .init(
                id: UUID(), amount: try #require(Money(amount: cents, currency: .eur)), charge: "test_\(message.order)")
        )
    }

    @Test func `A cancelled order that was charged after all is refunded, one that was not can be charged no more`()
        async throws
    {
        let (charged, free) = (Self.void(1), Self.void(2))
        provider.capture(charged.order)
        let state = try await dispatch([charged, free])
        #expect(Set(state.delivered) == [charged, free])
        #expect(state.refunded == [charged.order])
        #expect(provider.refunds == [charged.order])
        let late = Intent.number(2)
        let outcome = try await provider.charge(
            .init(order: late.order, amount: late.total, method: late.paymentMethod))
        guard case .declined = outcome else {
            Issue.record("an ended charge was captured: \(outcome)")
            return
        }
    }

    @Test func `A refund gives back its own amount under its own key, once however often it is carried out`()
        async throws
    {
        let charged = Self.void(1)
        provider.capture(charged.order)
        let (first, second) = (
            try Self.refund(1, of: charged, cents: 1_500), try Self.refund(2, of: charged, cents: 3_000)
        )
        let state = try await dispatch([first, second, first])
        #expect(state.delivered.count == 3)
        for message in [first, second] {
            let refund = try #require(message.refund)
            #expect(provider.refunded(refund.id.text) == refund.amount)
            #expect(state.settled[refund.id] == "refund_\(refund.id.text)")
        }
        #expect(provider.refunds.count == 2)
    }

    @Test func `A refund that the provider refuses for good is given up on`() async throws {
        let charged = Self.void(1)
        provider.capture(charged.order)
        provider.refuseRefund(of: charged.order)
        let message = try Self.refund(1, of: charged, cents: 1_500)
        let state = try await dispatch([message])
        #expect(state.dead == [message])
        #expect(state.settled.isEmpty)
    }

    @Test func `While the provider is away a message is tried again, and never given up on`() async throws {
        provider.setAway(true)
        let (young, old) = (Self.void(1), Self.void(2, attempts: WorkerConfiguration.outboxAttempts))
        let state = try await dispatch([young, old])
        #expect(state.delivered.isEmpty)
        #expect(Set(state.failures) == [young, old])
    }

    @Test func `What the provider refuses for good is kept as dead, with the reason, and holds up nothing else`()
        async throws
    {
        let (contradictory, good) = (Self.void(1), Self.void(2))
        provider.capture(contradictory.order)
        provider.capture(good.order)
        provider.refuseRefund(of: contradictory.order)
        let state = try await dispatch([contradictory, good])
        #expect(state.dead == [contradictory])
        #expect(state.delivered == [good])
        #expect(state.failures.isEmpty)
    }

    @Test func `Pauses grow to their limit and are jittered`() {
        for attempt in 1...60 {
            let pause = OutboxDispatcher<Messages, PaymentDouble>.pause(after: attempt)
            let whole = min(.seconds(1) * (1 << min(attempt - 1, 30)), .seconds(600))
            #expect(pause >= whole / 2 && pause <= whole)
        }
    }
}
