import CoreMetrics
import Metrics
import InventoryStore
import Logging
import OrderRepository
import Payments
import Synchronization
import Ticketing

/// Takes a lane's pending orders to their end: charges them, all at once and outside any transaction (P17), and
/// commits the outcomes in batches. What it does not know of, because a worker died, it finds in Postgres.
final class Settler<Store: LaneStore, Repository: LaneRepository, Gateway: PaymentGateway>: Sendable {
    private let store: Store
    private let repository: Repository
    private let gateway: Gateway
    private let partition: Partition
    private let configuration: WorkerConfiguration
    private let metrics: LaneMetrics
    private let logger: Logger
    private let queue: Mutex<SettlementQueue>
    /// Wakes the run under way; nil while there is none. Each run has a stream of its own, because a stream ends for
    /// good when the task that reads it is cancelled.
    private let wake = Mutex<AsyncStream<Void>.Continuation?>(nil)

    init(
        store: Store, repository: Repository, gateway: Gateway, partition: Partition,
        configuration: WorkerConfiguration, metrics: LaneMetrics, logger: Logger
    ) {
        self.store = store
        self.repository = repository
        self.gateway = gateway
        self.partition = partition
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.queue = Mutex(SettlementQueue(capacity: configuration.chargesInFlight))
    }

    /// Whether every order that was offered has been settled and published.
    var isIdle: Bool { queue.withLock { $0.isIdle } }

    /// Hands over orders that were just committed as pending.
    func offer(_ intents: [Intent]) {
        guard !intents.isEmpty else { return }
        queue.withLock { $0.offer(intents) }
        wakeUp()
    }

    /// Works under `lease` until cancelled, or until a store fails or the lease is lost.
    func run(under lease: Lease) async throws {
        queue.withLock { $0.restart() }
        let (wakes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        wake.withLock { $0 = continuation }
        try await withThrowingDiscardingTaskGroup { charges in
            charges.addTask {
                while true {
                    continuation.yield()
                    try await Task.sleep(for: WorkerConfiguration.scanInterval)
                }
            }
            try await resolveUncertain()
            var nextScan = ContinuousClock.now
            for await _ in wakes {
                if ContinuousClock.now >= nextScan {
                    nextScan = .now + WorkerConfiguration.scanInterval
                    try await scan()
                    try await returnUnits()
                }
                repeat {
                    for intent in queue.withLock({ $0.takeNewcomers() }) {
                        charges.addTask { await self.charge(intent) }
                    }
                } while try await settleNext(under: lease)
            }
            throw CancellationError()
        }
    }

    /// Learns of settlements that were committed although no answer came.
    private func resolveUncertain() async throws {
        let orders = queue.withLock { $0.uncertain }
        guard !orders.isEmpty else { return }
        let settled = try await repository.states(of: orders).filter { $0.status != .pending }
        queue.withLock { $0.resolved(orders, as: settled) }
    }

    private func wakeUp() { _ = wake.withLock { $0 }?.yield() }

    /// Finds pending orders that nobody charges now.
    private func scan() async throws {
        let room = queue.withLock { $0.room }
        guard room > 0 else { return }
        // Orders in flight are pending too: look past them.
        let limit = min(room, configuration.batchSize) + queue.withLock { $0.inFlightCount }
        let pending = try await repository.pendingOrders(in: partition, limit: limit)
        queue.withLock { $0.offer(pending) }
    }

    /// Charges one order until the provider gives an outcome; its idempotency key makes repetition harmless (I8).
    private func charge(_ intent: Intent) async {
        var backoff = Backoff()
        while true {
            do {
                let outcome: ChargeOutcome?
                if intent.total.amount == 0 {
                    outcome = nil
                } else {
                    outcome = try await gateway.charge(
                        Charge(order: intent.order, amount: intent.total, method: intent.paymentMethod))
                }
                queue.withLock { $0.complete(Settlement(intent, outcome)) }
                wakeUp()
                return
            } catch {
                metrics.chargeFailures.increment()
                logger.debug(
                    "charge.retry", metadata: ["order.id": "\(intent.order)", "error": "\(error)"])
                do { try await Task.sleep(for: backoff.pause()) } catch { return }
            }
        }
    }

    /// Commits and publishes the outcomes at hand; false when there are none.
    private func settleNext(under lease: Lease) async throws -> Bool {
        try await publish()
        let batch = queue.withLock { $0.takeOutcomes(limit: configuration.batchSize) }
        guard !batch.isEmpty else { return false }
        let start = ContinuousClock.now
        let changed = try await settle(batch[...], under: lease)
        metrics.settleDuration.record(duration: ContinuousClock.now - start)
        let moved = Set(changed)
        var settled = batch.map(\.order)
        if moved.count < batch.count {
            // The others had moved before: by a commit whose answer was lost, or by a lane before this one.
            let others = settled.filter { !moved.contains($0.id) }.map(\.id)
            settled = settled.filter { moved.contains($0.id) } + (try await repository.states(of: others))
        }
        queue.withLock { [settled] in $0.settled(batch.map(\.order.id), as: settled) }
        try await publish()
        if batch.contains(where: { $0.order.status == .cancelled }) { try await returnUnits() }
        return true
    }

    /// Settles what can be settled: an order that Postgres refuses to settle is found by halving and stays pending, to
    /// be tried again by the next scan, and never holds up the others (P16). Returns the orders that moved.
    private func settle(_ batch: ArraySlice<Settlement>, under lease: Lease) async throws -> [OrderID] {
        do {
            guard let changed = try await repository.settle(Array(batch), under: lease) else {
                throw LeaseLost(lease: lease)
            }
            return changed
        } catch let error as RepositoryError where error.code == .rowRejected {
            guard batch.count > 1 else {
                metrics.unsettled.increment()
                logger.error(
                    "order.unsettled", metadata: ["order.id": "\(batch.first!.order.id)", "error": "\(error)"])
                return []
            }
            let middle = batch.startIndex + batch.count / 2
            return try await settle(batch[..<middle], under: lease) + settle(batch[middle...], under: lease)
        }
    }

    private func publish() async throws {
        let orders = queue.withLock { $0.toPublish }
        guard !orders.isEmpty else { return }
        try await store.publish(orders, in: partition)
        queue.withLock { $0.published(orders.count) }
        metrics.confirmed.increment(by: orders.count { $0.status == .confirmed })
        metrics.cancelled.increment(by: orders.count { $0.status == .cancelled })
    }

    /// Delivers the releases that wait in the outbox, in order; one that Redis is not ready for waits on, with all
    /// behind it.
    private func returnUnits() async throws {
        while true {
            let waiting = try await repository.waitingReleases(in: partition, limit: WorkerConfiguration.releaseBatch)
            var delivered: [WaitingRelease] = []
            for release in waiting {
                guard try await store.release(release.release) != .wait else { break }
                delivered.append(release)
            }
            if !delivered.isEmpty { try await repository.markDelivered(delivered) }
            guard delivered.count == WorkerConfiguration.releaseBatch else { return }
        }
    }
}

extension Settlement {
    /// What a charge's outcome makes of a pending order; nil when there was nothing to pay.
    init(_ intent: Intent, _ outcome: ChargeOutcome?) {
        switch outcome {
        case .declined(let reference):
            self.init(
                order: SettledOrder(id: intent.order, status: .cancelled, reason: .paymentDeclined, tickets: []),
                paymentReference: reference)
        case .captured(let reference):
            self.init(order: .confirmed(intent), paymentReference: reference)
        case nil:
            self.init(order: .confirmed(intent), paymentReference: nil)
        }
    }
}

extension SettledOrder {
    fileprivate static func confirmed(_ intent: Intent) -> SettledOrder {
        var generator = SystemRandomNumberGenerator()
        // In the order in which Postgres lists them, so that every read shows the same list.
        let tickets = (0..<intent.quantity).map { _ in TicketCode(using: &generator) }.sorted { $0.text < $1.text }
        return SettledOrder(id: intent.order, status: .confirmed, reason: nil, tickets: tickets)
    }
}
