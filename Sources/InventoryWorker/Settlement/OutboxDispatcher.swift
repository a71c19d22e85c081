import CoreMetrics
package import Logging
package import OrderRepository
package import Payments
import ServiceLifecycle
import Ticketing

/// Delivers the messages of the outbox that no lane is needed for. Every worker has one; they share the messages.
package struct OutboxDispatcher<Repository: OutboxRepository, Gateway: PaymentGateway>: Service {
    let repository: Repository
    let gateway: Gateway
    let logger: Logger
    private let time: TimeAndChance
    private let delivered = Counter(label: "onsale_outbox_delivered_total")
    private let failed = Counter(label: "onsale_outbox_failures_total")
    private let overdue = Counter(label: "onsale_outbox_overdue_total")
    private let waiting = Gauge(label: "onsale_outbox_waiting")
    /// Seconds that the oldest row has waited.
    private let oldest = Gauge(label: "onsale_outbox_oldest_seconds")
    private let dead = Gauge(label: "onsale_outbox_dead")

    package init(repository: Repository, gateway: Gateway, logger: Logger, time: TimeAndChance = .machine) {
        self.repository = repository
        self.gateway = gateway
        self.logger = logger
        self.time = time
    }

    package func run() async throws { try await cancelWhenGracefulShutdown { try await work() } }

    /// Works until cancelled.
    package func work() async throws {
        let loop = DispatchLoop(
            time: time, logger: logger, retryMessage: "outbox.retry", interval: WorkerConfiguration.outboxInterval,
            batch: WorkerConfiguration.outboxBatch)
        try await loop.run(sleep: time.sleep, dispatch: dispatch, look: look)
    }

    /// Delivers what is due, once each; returns how many messages there were.
    func dispatch() async throws -> Int {
        let messages = try await repository.claimMessages(limit: WorkerConfiguration.outboxBatch, hidden: hidden)
        try await withThrowingDiscardingTaskGroup { group in
            for message in messages { group.addTask { try await self.deliver(message) } }
        }
        return messages.count
    }

    /// How long messages stay with this worker: a void is two calls.
    private var hidden: Duration { gateway.longestCall * 2 + WorkerConfiguration.outboxMargin }

    /// Shows how much waits.
    private func look() async throws {
        let depth = try await repository.depth()
        waiting.record(depth.waiting)
        oldest.record(depth.oldest / .seconds(1))
        dead.record(depth.dead)
    }

    private func deliver(_ message: OutboxMessage) async throws {
        do {
            switch message.kind {
            case .void: try await void(message)
            case .refund: try await refund(message)
            }
            try await repository.markDelivered(message)
            delivered.increment()
        } catch let error as PaymentError {
            // Money may be held for nothing, so such a message is not given up on unless the provider has refused for
            // good: then a person must see to it.
            if error.isFinal {
                try await repository.giveUp(message, "\(error)", refund: error.failedRefund)
            } else {
                try await repository.markFailed(message, "\(error)", pause: Self.pause(after: message.attempts, time))
            }
            failed.increment()
            let isOverdue = message.attempts >= WorkerConfiguration.outboxAttempts
            if isOverdue { overdue.increment() }
            logger.log(
                level: isOverdue || error.isFinal ? .error : .notice, "outbox.failed",
                metadata: [
                    "outbox.id": "\(message.id)", "order.id": "\(message.order)", "attempts": "\(message.attempts)",
                    "dead": "\(error.isFinal)", "error": "\(error)",
                ])
        }
    }

    /// Ends the charge of a cancelled order; what was captured after all is given back.
    private func void(_ message: OutboxMessage) async throws {
        let order = message.order
        guard let payment = message.payment else { throw PaymentError("order \(order) is gone", isFinal: true) }
        let charge = Charge(order: order, amount: payment.total, method: payment.method)
        guard case .captured(let reference) = try await gateway.end(charge) else { return }
        let refund = try await gateway.refund(
            Refund(all: charge, generation: message.generation, reference: reference))
        try await repository.recordRefund(of: order, charge: reference, refund: refund)
        logger.notice("order.refunded", metadata: ["order.id": "\(order)"])
    }

    /// Gives back what was asked for; the refund's id is the provider's key, so that it is given once.
    private func refund(_ message: OutboxMessage) async throws {
        guard let refund = message.refund else {
            throw PaymentError("the refund of order \(message.order), or its charge, is gone", isFinal: true)
        }
        let reference = try await gateway.refund(
            Refund(
                key: refund.id.text, generation: message.generation, order: message.order, charge: refund.charge,
                amount: refund.amount))
        try await repository.settleRefund(refund.id, reference: reference)
        logger.notice(
            "order.refund", metadata: ["order.id": "\(message.order)", "amount": "\(refund.amount.amount)"])
    }

    /// How long to wait after so many attempts.
    static func pause(after attempts: Int, _ time: TimeAndChance = .machine) -> Duration {
        RetryPauses(first: WorkerConfiguration.outboxPause, longest: WorkerConfiguration.outboxLongestPause)
            .after(attempts, time)
    }
}
