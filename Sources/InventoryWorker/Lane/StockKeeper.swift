import Foundation
import InventoryStore
import Logging
import OrderRepository
import Ticketing

/// Keeps Redis' view of a partition's events true: loads stock where none is, and brings organisers' changes.
/// It runs between the batches of its lane, so no commit is under way while it reads the stock from Postgres.
struct StockKeeper<Store: LaneStore, Repository: LaneRepository>: Sendable {
    let store: Store
    let repository: Repository
    let lease: Lease
    /// How long after a loss of Redis' memory no stock is loaded, so that lost orders are put back before new buyers come.
    let grace: Duration
    let logger: Logger
    private let time: TimeAndChance

    /// What the lane last brought to Redis, by event.
    private var known: [EventID: Int64] = [:]
    private var newestChange: Date?
    /// Until when stock that was loaded before is not loaded again.
    private var quietUntil: ContinuousClock.Instant?

    /// A change is dated by the start of its transaction but seen at its end; changes are looked for this much further
    /// back, in seconds, so that none slips through.
    private static var overlap: TimeInterval { 10 }

    init(
        store: Store, repository: Repository, lease: Lease, grace: Duration, logger: Logger,
        time: TimeAndChance = .machine
    ) {
        self.store = store
        self.repository = repository
        self.lease = lease
        self.grace = grace
        self.logger = logger
        self.time = time
    }

    /// Looks for changes and brings them. When Redis has lost the lane's mark, it has lost all: everything is loaded.
    mutating func tick() async throws {
        let outcome = try await store.mark(lease)
        switch outcome {
        case .current: break
        case .marked, .empty:
            known = [:]
            newestChange = nil
            if outcome == .empty { quietUntil = time.now() + grace }
        case .fenced: throw LeaseLost(lease: lease)
        }
        let since = newestChange?.addingTimeInterval(-StockKeeper.overlap)
        var newest = newestChange
        var isBehind = false
        for version in try await repository.events(in: lease.partition, changedSince: since) {
            newest = max(newest ?? version.updatedAt, version.updatedAt)
            guard known[version.event] != version.terms.revision else { continue }
            if try await bring(version) { known[version.event] = version.terms.revision } else { isBehind = true }
        }
        // An event that must wait may have changed long before the newest: the next tick looks as far back again.
        if !isBehind { newestChange = newest }
    }

    /// Returns whether Redis now has this version.
    private func bring(_ version: SaleVersion) async throws -> Bool {
        guard try await store.amend(version.event, version.terms) == .cold else { return true }
        // What was never loaded has nothing to be put back.
        if version.epoch > 0, let quietUntil, time.now() < quietUntil { return false }
        guard let load = try await repository.beginLoad(of: version.event, under: lease) else {
            throw LeaseLost(lease: lease)
        }
        let outcome = try await store.load(load, under: lease)
        guard outcome != .fenced else { throw LeaseLost(lease: lease) }
        logger.info(
            "stock.load",
            metadata: [
                "event.id": "\(version.event)", "stock.epoch": "\(load.epoch)", "available": "\(load.available)",
                "outcome": "\(outcome.rawValue)",
            ])
        return outcome != .wait
    }
}
