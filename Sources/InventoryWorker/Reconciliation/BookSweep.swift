import InventoryStore
import Logging
import OrderRepository
import Reconciliation
import Ticketing

/// Looks at what takes longer than a lane can stand still for: whether Postgres agrees with itself, order records that are
/// late, buyers whose counts may be wrong, and holds that are over. It runs beside its lane and reads a few events at a
/// time. All that it repairs are order records: they only ever move forward, so telling Redis once more what Postgres has
/// is right at any time.
struct BookSweep<Store: LaneStore, Repository: LaneRepository>: Sendable {
    private let comparer: StockComparer<Store, Repository>
    private let partition: Partition
    private let suspicion: BuyerSuspicion
    private let configuration: WorkerConfiguration
    private let metrics: ReconciliationMetrics
    private let logger: Logger
    private let time: TimeAndChance
    private var queue: [EventID] = []
    /// Events that contradict themselves in Postgres.
    private var contradictory: Set<EventID> = []

    init(
        comparer: StockComparer<Store, Repository>, partition: Partition, suspicion: BuyerSuspicion,
        configuration: WorkerConfiguration, metrics: ReconciliationMetrics, logger: Logger, time: TimeAndChance
    ) {
        self.comparer = comparer
        self.partition = partition
        self.suspicion = suspicion
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.time = time
    }

    /// Works until cancelled.
    mutating func run() async throws {
        while true {
            // Lanes begin together and must not all sweep together: each reads every order of its events.
            try await time.sleep(time.jittered(longestPause))
            do { try await sweep() } catch let error where !(error is CancellationError) {
                logger.warning("reconcile.failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private var longestPause: Duration { configuration.reconcileInterval * WorkerConfiguration.sweepRatio }

    /// After each event it rests for a multiple of what that took, so that a large one takes no more from the sales
    /// beside it than many small ones.
    private mutating func sweep() async throws {
        try await noteHolds()
        if queue.isEmpty {
            queue = try await comparer.repository.events(in: partition, changedSince: nil)
                .filter { $0.epoch > 0 }.map(\.event).reversed()
        }
        var late = 0
        for _ in 0..<min(queue.count, WorkerConfiguration.sweepEvents) {
            guard let event = queue.popLast() else { break }
            let start = time.now()
            try await checkBooks(of: event)
            late += try await publishLateRecords(of: event)
            suspicion.note(try await comparer.suspectBuyers(of: event), of: event)
            metrics.set(.books, to: contradictory.count)
            metrics.set(.records, to: late)
            try await time.sleep(min((time.now() - start) * WorkerConfiguration.sweepRest, longestPause))
            try await noteHolds()
        }
        metrics.set(.records, to: late)
    }

    private func noteHolds() async throws {
        let holds = try await comparer.repository.expiredHolds(in: partition, olderThan: configuration.hold)
        metrics.set(.expiredHolds, to: holds.count)
        metrics.setOldestHold(holds.oldest)
    }

    private mutating func checkBooks(of event: EventID) async throws {
        guard let ledger = try await comparer.repository.ledger(of: event) else { return }
        guard !ledger.isBalanced else {
            contradictory.remove(event)
            return
        }
        contradictory.insert(event)
        logger.error(
            "books.contradictory",
            metadata: [
                "event.id": "\(event)", "capacity": "\(ledger.capacity)", "available": "\(ledger.available)",
                "pending": "\(ledger.pending)", "sold": "\(ledger.sold)",
            ])
    }

    /// Returns how many there were.
    private func publishLateRecords(of event: EventID) async throws -> Int {
        let late = try await comparer.lateRecords(
            of: event, olderThan: WorkerConfiguration.recordDelay, limit: WorkerConfiguration.sweepRecords)
        guard !late.isEmpty else { return 0 }
        logger.warning("records.late", metadata: ["event.id": "\(event)", "orders": "\(late.count)"])
        guard configuration.reconcileRepairs else {
            metrics.noteDisabledRepair()
            return late.count
        }
        try await comparer.store.publish(late, in: partition)
        metrics.noteRepair(of: .records, by: late.count)
        return late.count
    }
}
