import CoreMetrics
import Metrics
import InventoryStore
import Logging
import OnsaleTracing
import OnsaleConfiguration
import OrderRepository
import Payments
import ServiceLifecycle
import Ticketing

/// A lane's work under one lease: what was delivered and never acknowledged first, then new intents as they come.
struct LaneTenure<Store: LaneStore, Repository: LaneRepository, Gateway: PaymentGateway>: Sendable {
    let reader: Store.Reader
    let store: Store
    let settler: Settler<Store, Repository, Gateway>
    let configuration: WorkerConfiguration
    let metrics: LaneMetrics
    let logger: Logger
    let tracer: SpanTracer?
    private let time: TimeAndChance
    private let committer: BatchCommitter<Repository>
    private var renewal: LeaseRenewal<Repository>
    private var stock: StockKeeper<Store, Repository>
    private var reconciler: StockReconciler<Store, Repository>
    private var rate = DrainRate()
    private var nextTick: ContinuousClock.Instant
    private var nextRecovery: ContinuousClock.Instant

    init(
        reader: Store.Reader, store: Store, repository: Repository, settler: Settler<Store, Repository, Gateway>,
        lease: Lease, reconciler: StockReconciler<Store, Repository>, configuration: WorkerConfiguration,
        metrics: LaneMetrics, logger: Logger, tracer: SpanTracer?, time: TimeAndChance
    ) {
        self.reader = reader
        self.store = store
        self.settler = settler
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.tracer = tracer
        self.time = time
        self.committer = BatchCommitter(repository: repository)
        self.renewal = LeaseRenewal(lease, for: configuration.lease, in: repository, time: time)
        self.stock = StockKeeper(
            store: store, repository: repository, lease: lease, grace: configuration.recoveryGrace, logger: logger)
        self.reconciler = reconciler
        self.nextTick = time.now()
        self.nextRecovery = nextTick
    }

    private var lease: Lease { renewal.lease }

    /// Runs until graceful shutdown; the batch in hand is finished.
    mutating func run() async throws {
        while !Task.isShuttingDownGracefully {
            // First of all: it leaves the mark that keeps an earlier lane from Redis.
            try await keepUp()
            if time.now() >= nextRecovery {
                try await recover()
                nextRecovery = time.now() + configuration.lease
            }
            // Orders that cannot be charged yet wait on the stream, where the backlog limit holds for them.
            let room = settler.room
            guard room > 0 else {
                try await time.sleep(WorkerConfiguration.fullPause)
                continue
            }
            let limit = min(configuration.batchSize, room)
            try await process(try await reader.next(limit: limit, wait: WorkerConfiguration.readWait))
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

    /// Renews the lease, compares an event with Postgres and brings changes to Redis, each when due.
    private mutating func keepUp() async throws {
        try await renewal.renewIfDue()
        if let repair = try await reconciler.stepIfDue() {
            if repair.isUnloaded { stock.forget(repair.event) } else { stock.renew(repair.event) }
        }
        let now = time.now()
        if now >= nextTick {
            try await stock.tick()
            settler.refuse(stock.cancelled)
            metrics.backlog.record(try await store.backlog(of: lease.partition))
            metrics.inFlight.record(settler.inFlight)
            metrics.beat(at: time.calendar())
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
        FailPoint.afterRead.pass()
        if FailPoint.afterEarlyAcknowledge.isArmed {
            try await store.acknowledge(batch.map(\.entry), in: lease.partition, drainRate: rate.perSecond)
            FailPoint.afterEarlyAcknowledge.pass()
        }
        var spans = BatchSpans(of: batch, under: lease, tracer: tracer)
        defer { spans?.end() }
        let start = time.now()
        let outcomes: [(QueuedIntent, EntryOutcome)]
        spans?.beginCommit()
        do { outcomes = try await committer.commit(batch, keeping: &renewal) } catch {
            spans?.fail(error)
            throw error
        }
        spans?.endCommit()
        FailPoint.afterCommit.pass()
        metrics.commitDuration.record(duration: time.now() - start)

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
            case .cancelled(let state, let note):
                done.append(queued.entry)
                settled.append(state)
                noteRejection(of: queued.entry, queued.intent, note)
            case .acceptedTwice(let state):
                try await reject(Rejection(entry: queued.entry, intent: queued.intent, settled: state, note: nil))
            case .rejected(let reason, let note):
                let state = SettledOrder(id: queued.intent.order, status: .cancelled, reason: reason, tickets: [])
                try await reject(Rejection(entry: queued.entry, intent: queued.intent, settled: state, note: note))
            }
        }
        rate.add(done.count, at: time.now())
        // Before the acknowledgement: an entry that is off the stream reminds nobody of its order any more.
        try await store.publish(settled, in: lease.partition)
        FailPoint.afterPublish.pass()
        try await store.acknowledge(done, in: lease.partition, drainRate: rate.perSecond)
        settler.offer(unsettled, in: spans?.contexts ?? [:])
        metrics.committed.increment(by: done.count)
        metrics.batchSize.record(deliveries.count)
        if let accepted = deliveries.first?.entry.milliseconds {
            metrics.lag.recordMilliseconds(max(0, time.calendar() - accepted))
        }
    }

    private mutating func reject(_ rejection: Rejection) async throws {
        try await renewal.renewIfDue()
        let outcome = try await store.reject(rejection, under: lease)
        guard outcome != .fenced else { throw LeaseLost(lease: lease) }
        if outcome == .rejected, rejection.note != nil { metrics.dead.increment() }
        noteRejection(of: rejection.entry, rejection.intent, rejection.note ?? "accepted twice")
    }

    private func noteRejection(of entry: StreamEntryID, _ intent: Intent?, _ reason: String) {
        metrics.rejected.increment()
        logger.notice(
            "intent.rejected",
            metadata: [
                "stream.entry": "\(entry)", "order.id": "\(intent?.order.description ?? "unknown")",
                "reason": "\(reason)",
            ])
    }
}
