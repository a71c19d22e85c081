import CoreMetrics
import Metrics
import InventoryStore
import Logging
import OrderRepository
import Payments
import ServiceLifecycle
import Ticketing

/// A lane's work under one lease: what was delivered and never acknowledged first, then new intents as they come.
struct LaneTenure<Store: LaneStore, Repository: LaneRepository, Gateway: PaymentGateway>: Sendable {
    let reader: Store.Reader
    let store: Store
    let settler: Settler<Store, Repository, Gateway>
    let lease: Lease
    let configuration: WorkerConfiguration
    let metrics: LaneMetrics
    let logger: Logger
    private let repository: Repository
    private let committer: BatchCommitter<Repository>
    private var stock: StockKeeper<Store, Repository>
    private var rate = DrainRate()
    private var nextRenewal: ContinuousClock.Instant
    private var nextTick = ContinuousClock.now
    private var nextRecovery = ContinuousClock.now

    init(
        reader: Store.Reader, store: Store, repository: Repository, settler: Settler<Store, Repository, Gateway>,
        lease: Lease, configuration: WorkerConfiguration, metrics: LaneMetrics, logger: Logger
    ) {
        self.reader = reader
        self.store = store
        self.settler = settler
        self.lease = lease
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.repository = repository
        self.committer = BatchCommitter(repository: repository, lease: lease)
        self.stock = StockKeeper(store: store, repository: repository, lease: lease, logger: logger)
        self.nextRenewal = .now + configuration.lease / 3
    }

    /// Runs until graceful shutdown; the batch in hand is finished.
    mutating func run() async throws {
        while !Task.isShuttingDownGracefully {
            if ContinuousClock.now >= nextRecovery {
                try await recover()
                nextRecovery = .now + configuration.lease
            }
            try await keepUp()
            let deliveries = try await reader.next(limit: configuration.batchSize, wait: WorkerConfiguration.readWait)
            try await process(deliveries)
        }
    }

    /// Finishes what other lanes, or this one before it lost a connection, left unacknowledged (P10). Again once per
    /// lease: a lane that was paused just before a read takes entries after it has lost its lease, and can commit none.
    /// Between its batches this lane has no unacknowledged entries of its own.
    private mutating func recover() async throws {
        var cursor = "0-0"
        repeat {
            let page = try await reader.pending(after: cursor, limit: configuration.batchSize)
            if !page.lost.isEmpty {
                metrics.lost.increment(by: page.lost.count)
                logger.error("lane.entries.lost", metadata: ["entries": "\(page.lost)"])
            }
            try await process(page.deliveries)
            try await keepUp()
            cursor = page.cursor
        } while cursor != "0-0"
    }

    /// Renews the lease and brings changes to Redis, each when due.
    private mutating func keepUp() async throws {
        let now = ContinuousClock.now
        if now >= nextRenewal {
            guard try await repository.renew(lease, for: configuration.lease) else { throw LeaseLost(lease: lease) }
            nextRenewal = now + configuration.lease / 3
        }
        if now >= nextTick {
            try await stock.tick()
            metrics.backlog.record(try await store.backlog(of: lease.partition))
            nextTick = now + configuration.tick
        }
    }

    /// Commits a batch, then takes it off the stream: never the other way round (P9).
    private mutating func process(_ deliveries: [IntentDelivery]) async throws {
        guard !deliveries.isEmpty else { return }
        for delivery in deliveries where delivery.intent == nil {
            try await reject(Rejection(entry: delivery.entry, intent: nil, settled: nil, note: "malformed"))
        }
        let batch = deliveries.compactMap { delivery in
            delivery.intent.map { QueuedIntent(entry: delivery.entry, intent: $0) }
        }
        let start = ContinuousClock.now
        let outcomes = try await committer.commit(batch)
        metrics.commitDuration.record(duration: ContinuousClock.now - start)

        var done: [StreamEntryID] = []
        var unsettled: [Intent] = []
        var settled: [SettledOrder] = []
        for (queued, outcome) in outcomes {
            switch outcome {
            case .inserted:
                done.append(queued.entry)
                unsettled.append(queued.intent)
            case .redelivered(let state):
                done.append(queued.entry)
                metrics.redelivered.increment()
                if state.status == .pending { unsettled.append(queued.intent) } else { settled.append(state) }
            case .acceptedTwice(let state):
                try await reject(Rejection(entry: queued.entry, intent: queued.intent, settled: state, note: nil))
            case .rejected(let reason, let note):
                let state = SettledOrder(id: queued.intent.order, status: .cancelled, reason: reason, tickets: [])
                try await reject(Rejection(entry: queued.entry, intent: queued.intent, settled: state, note: note))
            }
        }
        rate.add(done.count, at: .now)
        // Before the acknowledgement: an entry that is off the stream reminds nobody of its order any more.
        try await store.publish(settled, in: lease.partition)
        try await store.acknowledge(done, in: lease.partition, drainRate: rate.perSecond)
        settler.offer(unsettled)
        metrics.committed.increment(by: done.count)
        metrics.batchSize.record(deliveries.count)
        if let accepted = deliveries.first?.entry.milliseconds {
            metrics.lag.recordMilliseconds(max(0, WallClock.milliseconds - accepted))
        }
    }

    private func reject(_ rejection: Rejection) async throws {
        try await store.reject(rejection, in: lease.partition)
        metrics.rejected.increment()
        logger.notice(
            "intent.rejected",
            metadata: [
                "stream.entry": "\(rejection.entry)", "order.id": "\(rejection.intent?.order.description ?? "unknown")",
                "reason": "\(rejection.note ?? "accepted twice")",
            ])
    }
}
