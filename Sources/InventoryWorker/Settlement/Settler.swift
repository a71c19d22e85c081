import CoreMetrics
import Metrics
import InventoryStore
import Logging
import OnsaleConfiguration
import OnsaleTracing
import OrderRepository
import Payments
import Synchronization
import Ticketing
import Tracing

/// When a settler's regular work is due, and how far it has come.
private struct Upkeep {
    var nextReturn: ContinuousClock.Instant
    var nextScan: ContinuousClock.Instant
    /// The pending order that the last scan stopped at; nil: the next one begins anew.
    var position: OrderID?
    /// The same among those whose hold has ended.
    var overdue: OrderID?
    /// Settled batches that Redis was told of and that are still on the list.
    var published: Set<Int64> = []

    init(from now: ContinuousClock.Instant) {
        nextReturn = now
        nextScan = now
    }
}

/// Takes a lane's pending orders to their end: charges them, all at once and outside any transaction (P17), and
/// commits the outcomes in batches. What it does not know of, because a worker died, it finds in Postgres: orders that
/// nobody charges, and settled ones that Redis may not have been told of.
final class Settler<Store: LaneStore, Repository: LaneRepository, Gateway: PaymentGateway>: Sendable {
    let store: Store
    let repository: Repository
    let gateway: Gateway
    let partition: Partition
    let configuration: WorkerConfiguration
    let metrics: LaneMetrics
    let logger: Logger
    let tracer: SpanTracer?
    let time: TimeAndChance
    let queue: Mutex<SettlementQueue>
    /// Events whose orders are cancelled instead of charged.
    private let refused = Mutex<Set<EventID>>([])
    /// Wakes the run under way; nil while there is none. Each run has a stream of its own, because a stream ends for
    /// good when the task that reads it is cancelled.
    private let wake = Mutex<AsyncStream<Void>.Continuation?>(nil)

    init(
        store: Store, repository: Repository, gateway: Gateway, partition: Partition,
        configuration: WorkerConfiguration, metrics: LaneMetrics, logger: Logger, tracer: SpanTracer?,
        time: TimeAndChance
    ) {
        self.store = store
        self.repository = repository
        self.gateway = gateway
        self.partition = partition
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.tracer = tracer
        self.time = time
        self.queue = Mutex(SettlementQueue(capacity: configuration.chargesInFlight))
    }

    /// Whether every order that was offered has been settled and published.
    var isIdle: Bool { queue.withLock { $0.isIdle } }

    /// How many more orders can be charged now.
    var room: Int { queue.withLock { $0.room } }

    /// From now on orders of these events are cancelled instead of charged; what is captured all the same is given
    /// back. A charge that is under way at this moment is left to whoever sweeps cancelled events.
    func refuse(_ events: Set<EventID>) { refused.withLock { $0 = events } }

    /// Whether orders of the event are cancelled instead of charged.
    func isRefused(_ event: EventID) -> Bool { refused.withLock { $0.contains(event) } }

    /// How many orders are being charged or settled.
    var inFlight: Int { queue.withLock { $0.count } }

    /// Hands over orders that were just committed as pending.
    /// - Parameter traces: Where in their traces those of them are that are recorded.
    func offer(_ intents: [Intent], in traces: [OrderID: ServiceContext] = [:]) {
        guard !intents.isEmpty else { return }
        queue.withLock { _ = $0.offer(intents, in: traces) }
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
                    try await self.time.sleep(self.configuration.tick)
                }
            }
            var upkeep = Upkeep(from: time.now())
            for await _ in wakes {
                repeat {
                    for order in try await keepUp(&upkeep) {
                        charges.addTask { await self.expire(order, under: lease) }
                    }
                    try await endHolds(under: lease)
                    for intent in queue.withLock({ $0.takeNewcomers() }) {
                        charges.addTask { await self.charge(intent) }
                    }
                } while try await settleNext(under: lease, noting: &upkeep.published)
            }
            throw CancellationError()
        }
    }

    func wakeUp() { _ = wake.withLock { $0 }?.yield() }

    /// What is due now: units that came free go back to Redis, and Postgres is looked through for what this lane does
    /// not know of. Returns orders whose hold is over and whose charge is now to be ended.
    private func keepUp(_ upkeep: inout Upkeep) async throws -> [ExpiredOrder] {
        if time.now() >= upkeep.nextReturn {
            upkeep.nextReturn = time.now() + configuration.tick
            try await returnUnits()
        }
        guard time.now() >= upkeep.nextScan else { return [] }
        upkeep.nextScan = time.now() + WorkerConfiguration.scanInterval
        try await publishLeftOver(&upkeep.published)
        try await scan(&upkeep.position)
        return try await expiredOrders(overdueAfter: &upkeep.overdue)
    }

    /// Tells Redis of settled batches that nobody has published, since a worker died or an answer was lost, and takes
    /// them off the list with those that were.
    private func publishLeftOver(_ published: inout Set<Int64>) async throws {
        let batches = try await repository.unpublishedBatches(
            in: partition, limit: WorkerConfiguration.leftOverBatches + published.count)
        for batch in batches where !published.contains(batch.id) {
            try await store.publish(try await repository.states(of: batch.orders), in: partition)
        }
        guard !batches.isEmpty else { return }
        try await repository.markPublished(batches.map(\.id), in: partition)
        published.subtract(batches.map(\.id))
    }

    /// Finds pending orders that nobody charges and whose hold is not over, some pages of them and more for as long as
    /// they are new. Orders in flight are pending too, so each scan goes on where the one before has stopped, and where
    /// there was no room left.
    private func scan(_ position: inout OrderID?) async throws {
        var fruitless = 0
        while fruitless < WorkerConfiguration.scanPages, room > 0 {
            let page = try await repository.pendingOrders(
                in: partition, youngerThan: configuration.hold, after: position, limit: configuration.batchSize)
            if queue.withLock({ $0.offer(page) }) == 0 { fruitless += 1 }
            guard room > 0 else { return }
            position = page.count == configuration.batchSize ? page.last?.order : nil
            if position == nil { return }
        }
    }

    /// Charges one order until the provider gives an outcome, or until it has ended without one; its idempotency key
    /// makes repetition harmless (I8).
    private func charge(_ intent: Intent) async {
        var backoff = Backoff(time: time)
        while queue.withLock({ $0.isWanted(intent.order) }) {
            guard !isRefused(intent.event) else {
                queue.withLock {
                    $0.complete(Settlement(order: .cancelled(intent, .eventCancelled), paymentReference: nil))
                }
                return wakeUp()
            }
            let isFree = intent.total.amount == 0
            let span = isFree ? nil : begin("charge", .client, of: CollectionOfOne(intent.order)).first
            do {
                let outcome: ChargeOutcome?
                if isFree {
                    outcome = nil
                } else {
                    outcome = try await charge(intent, in: span)
                    FailPoint.afterCharge.pass()
                }
                span?.end()
                queue.withLock { $0.complete(Settlement(intent, outcome, time)) }
                wakeUp()
                return
            } catch {
                metrics.chargeFailures.increment()
                span?.recordError(error)
                span?.end()
                var metadata: Logger.Metadata = ["order.id": "\(intent.order)", "error": "\(error)"]
                metadata["trace.id"] = (span?.context.trace).map { "\($0.traceID)" }
                logger.debug("charge.retry", metadata: metadata)
                do { try await time.sleep(backoff.pause()) } catch { return }
            }
        }
    }

    /// What is called on the way to the provider knows the trace by its context.
    private func charge(_ intent: Intent, in span: RecordedSpan?) async throws -> ChargeOutcome {
        guard let span else { return try await gateway.charge(Charge(intent)) }
        return try await ServiceContext.withValue(span.context) { try await gateway.charge(Charge(intent)) }
    }

    /// Begins a span in the trace of each of the orders that is recorded.
    private func begin(_ name: String, _ kind: SpanKind, of orders: some Sequence<OrderID>) -> [RecordedSpan] {
        guard let tracer else { return [] }
        return queue.withLock { $0.contexts(of: orders) }.map {
            tracer.startSpan(name, context: $0, ofKind: kind)
        }
    }

    /// Ends the spans with the work, however that ends.
    private func ending<T>(_ spans: [RecordedSpan], _ work: () async throws -> T) async throws -> T {
        defer { for span in spans { span.end() } }
        do { return try await work() } catch {
            for span in spans { span.recordError(error) }
            throw error
        }
    }

    /// Commits and publishes the outcomes at hand; false when there are none. `published` gets the settled batches.
    private func settleNext(under lease: Lease, noting published: inout Set<Int64>) async throws -> Bool {
        let batch = queue.withLock { $0.takeOutcomes(limit: configuration.batchSize) }
        guard !batch.isEmpty else { return false }
        let start = time.now()
        let settling = begin("settle", .client, of: batch.lazy.map(\.order.id))
        let settled = try await ending(settling) { try await settle(batch[...], under: lease) }
        FailPoint.afterSettle.pass()
        metrics.settleDuration.record(duration: time.now() - start)
        // The others had moved before, by a commit whose answer was lost: their batch is found among those left over.
        let moved = Set(settled.flatMap(\.orders))
        let orders = batch.map(\.order).filter { moved.contains($0.id) }
        metrics.confirmed.increment(by: orders.count { $0.status == .confirmed })
        metrics.cancelled.increment(by: orders.count { $0.status == .cancelled })
        let publishing = begin("publish", .producer, of: orders.lazy.map(\.id))
        try await ending(publishing) { try await store.publish(orders, in: partition) }
        noteEnd(of: orders)
        published.formUnion(settled.map(\.id))
        queue.withLock { $0.finish(batch.map(\.order.id)) }
        if batch.contains(where: { $0.order.status == .cancelled }) {
            FailPoint.afterCancel.pass()
            try await returnUnits()
        }
        return true
    }

    private func noteEnd(of orders: [SettledOrder]) {
        guard logger.logLevel <= .debug else { return }
        for order in orders {
            var metadata: Logger.Metadata = ["order.id": "\(order.id)", "status": "\(order.status.rawValue)"]
            let trace = queue.withLock { $0.contexts(of: CollectionOfOne(order.id)) }.first?.trace
            metadata["trace.id"] = trace.map { "\($0.traceID)" }
            logger.debug("order.settled", metadata: metadata)
        }
    }

    /// Settles what can be settled: an order that Postgres refuses to settle is found by halving and stays pending, to
    /// be tried again by a later scan, and never holds up the others (P16).
    private func settle(_ batch: ArraySlice<Settlement>, under lease: Lease) async throws -> [SettledBatch] {
        do {
            guard let settled = try await repository.settle(Array(batch), under: lease) else {
                throw LeaseLost(lease: lease)
            }
            return [settled]
        } catch let error as RepositoryError where error.code == .rowRejected {
            guard batch.count > 1 else {
                noteUnsettled(batch[batch.startIndex].order.id, error)
                return []
            }
            let middle = batch.startIndex + batch.count / 2
            return try await settle(batch[..<middle], under: lease) + settle(batch[middle...], under: lease)
        }
    }

    /// Delivers the releases that wait in the outbox, in order; one that Redis is not ready for waits on, with all of
    /// its event behind it.
    func returnUnits() async throws {
        while true {
            let waiting = try await repository.waitingReleases(in: partition, limit: WorkerConfiguration.releaseBatch)
            var delivered: [WaitingRelease] = []
            var unready: Set<EventID> = []
            for release in waiting where !unready.contains(release.release.event) {
                if try await store.release(release.release) == .wait {
                    unready.insert(release.release.event)
                } else {
                    delivered.append(release)
                }
            }
            if !delivered.isEmpty {
                FailPoint.afterRelease.pass()
                try await repository.markDelivered(delivered)
            }
            guard delivered.count == WorkerConfiguration.releaseBatch else { return }
        }
    }
}

extension Charge {
    init(_ intent: Intent) {
        self.init(order: intent.order, amount: intent.total, method: intent.paymentMethod)
    }
}

extension Settlement {
    /// What a charge's outcome makes of a pending order; nil when there was nothing to pay. The codes of the tickets
    /// are left to chance.
    init(_ intent: Intent, _ outcome: ChargeOutcome?, _ time: TimeAndChance = .machine) {
        switch outcome {
        case .declined(let reference):
            self.init(order: .cancelled(intent, .paymentDeclined), paymentReference: reference)
        case .captured(let reference):
            self.init(order: .confirmed(intent, time), paymentReference: reference)
        case nil:
            self.init(order: .confirmed(intent, time), paymentReference: nil)
        }
    }
}

extension SettledOrder {
    static func cancelled(_ intent: Intent, _ reason: CancellationReason) -> SettledOrder {
        SettledOrder(id: intent.order, status: .cancelled, reason: reason, tickets: [])
    }

    fileprivate static func confirmed(_ intent: Intent, _ time: TimeAndChance) -> SettledOrder {
        var generator = time
        // In the order in which Postgres lists them, so that every read shows the same list.
        let tickets = (0..<intent.quantity).map { _ in TicketCode(using: &generator) }.sorted { $0.text < $1.text }
        return SettledOrder(id: intent.order, status: .confirmed, reason: nil, tickets: tickets)
    }
}
