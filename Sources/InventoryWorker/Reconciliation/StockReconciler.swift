import InventoryStore
import Logging
import OnsaleConfiguration
import OrderRepository
import Reconciliation
import Ticketing

/// Compares a partition's events with Postgres, one after the other, between the batches of their lane: there it gets an
/// answer also in mid-sale, since the only one who commits is itself. What is wrong is loaded anew, if that may be.
struct StockReconciler<Store: LaneStore, Repository: LaneRepository>: Sendable {
    private let comparer: StockComparer<Store, Repository>
    private let partition: Partition
    private let suspicion: BuyerSuspicion
    private let configuration: WorkerConfiguration
    private let metrics: ReconciliationMetrics
    private let logger: Logger
    private let time: TimeAndChance

    /// An event to be loaded anew.
    struct Repair {
        let event: EventID
        /// Whether there is no stock that would stand in the way.
        let isUnloaded: Bool
    }

    /// Events that are still to be compared in this round.
    private var queue: [EventID] = []
    /// Events that were put back in this round.
    private var lookedAgain: Set<EventID> = []
    private var watches: [EventID: DriftWatch] = [:]
    /// What is proven to be wrong with events, by kind.
    private var found: [EventID: [DriftKind: Int]] = [:]
    private var pace: Duration
    private var next: ContinuousClock.Instant

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
        self.pace = configuration.reconcileInterval
        self.next = time.now() + pace
    }

    /// Compares the next event when that is due; returns an event to be loaded anew.
    mutating func stepIfDue() async throws -> Repair? {
        guard time.now() >= next else { return nil }
        defer { next = time.now() + pace }
        do {
            if queue.isEmpty { try await beginRound() }
            guard let event = queue.popLast() else { return nil }
            guard let outcome = try await comparer.compare(event, buyers: suspicion.suspects(of: event)) else {
                return nil
            }
            return note(outcome, of: event)
        } catch let error where !(error is CancellationError) {
            // A comparison that fails must not stop a lane that works; where a server is away, the lane notices itself.
            logger.warning("reconcile.failed", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// All events once within the interval; where there are too many for that, one with each tick of the lane.
    private mutating func beginRound() async throws {
        let events = try await comparer.repository.events(in: partition, changedSince: nil)
            .filter { $0.epoch > 0 }.map(\.event)
        let known = Set(events)
        watches = watches.filter { known.contains($0.key) }
        found = found.filter { known.contains($0.key) }
        queue = events.reversed()
        lookedAgain = []
        let interval = configuration.reconcileInterval
        pace = max(interval / max(1, events.count), min(configuration.tick, interval))
    }

    private mutating func note(_ outcome: StockComparison.Outcome, of event: EventID) -> Repair? {
        let verdict = watches[event, default: DriftWatch()].note(outcome)
        metrics.note(verdict)
        defer { showDrift() }
        switch verdict {
        case .hindered: return nil
        case .balanced:
            suspicion.clear(event)
            found[event] = nil
            return nil
        case .suspected:
            lookAgain(at: event)
            return nil
        case .refused(let finding, _):
            found[event] = finding.amounts
            return nil
        case .reload(let finding):
            found[event] = finding.amounts
            logger.error(
                "stock.drift",
                metadata: [
                    "event.id": "\(event)", "surplus": "\(finding.surplus)", "buyers": "\(finding.buyers.count)",
                    "kinds": "\(finding.amounts.keys.map(\.rawValue).sorted().joined(separator: " "))",
                    "repair": "\(configuration.reconcileRepairs)",
                ])
            guard configuration.reconcileRepairs else {
                metrics.noteDisabledRepair()
                return nil
            }
            FailPoint.inReconcile.pass()
            for kind in finding.amounts.keys { metrics.noteRepair(of: kind) }
            return Repair(event: event, isUnloaded: finding.isUnloaded)
        }
    }

    /// Soon, and not before one other event; once in a round, so that every event has its turn.
    private mutating func lookAgain(at event: EventID) {
        guard lookedAgain.insert(event).inserted else { return }
        queue.insert(event, at: max(0, queue.count - 1))
    }

    private func showDrift() {
        for kind in [DriftKind.surplus, .missing, .buyers, .outdated, .unloaded, .unreadable] {
            metrics.set(kind, to: found.values.map { $0[kind] ?? 0 }.reduce(0, +))
        }
    }
}
