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
    /// How long after a loss of Redis' memory no stock is loaded, so that lost orders are put back before new buyers
    /// come. The time of the loss is kept in Redis, since the lane may be another one by then.
    let grace: Duration
    let logger: Logger

    /// What the lane last brought to Redis, by event.
    private var known: [EventID: Int64] = [:]
    private var newestChange: Date?
    /// Events that were cancelled: their orders are to be charged no more.
    private(set) var cancelled: Set<EventID> = []
    /// Events to be loaded anew although there is some stock.
    private var renewals: Set<EventID> = []

    /// A change is dated by the start of its transaction but seen at its end; changes are looked for this much further
    /// back, in seconds, so that none slips through.
    private static var overlap: TimeInterval { 10 }

    init(store: Store, repository: Repository, lease: Lease, grace: Duration, logger: Logger) {
        self.store = store
        self.repository = repository
        self.lease = lease
        self.grace = grace
        self.logger = logger
    }

    /// Looks for changes and brings them. When Redis has lost the lane's mark, it has lost all, and when another server
    /// process answers, it may have lost some: everything is loaded.
    mutating func tick() async throws {
        let outcome = try await store.mark(lease)
        switch outcome {
        case .current: break
        case .marked, .empty, .restarted:
            known = [:]
            newestChange = nil
            renewals = []
            logger.notice("lane.mark", metadata: ["lane.epoch": "\(lease.epoch)", "outcome": "\(outcome.rawValue)"])
        case .fenced: throw LeaseLost(lease: lease)
        }
        let since = newestChange?.addingTimeInterval(-StockKeeper.overlap)
        var newest = newestChange
        var isBehind = false
        for version in try await repository.events(in: lease.partition, changedSince: since) {
            newest = max(newest ?? version.updatedAt, version.updatedAt)
            if version.isCancelled { cancelled.insert(version.event) }
            guard known[version.event] != version.terms.revision else { continue }
            guard store.partitioning.partition(of: version.event) == lease.partition else {
                // A row that Onsale has not written. Its stock would be another lane's, which does not know it; without
                // this the load would be refused as a deposed lane's, and all of the partition's events with it.
                logger.error("event.misplaced", metadata: ["event.id": "\(version.event)"])
                known[version.event] = version.terms.revision
                continue
            }
            guard try await bring(version) else {
                isBehind = true
                continue
            }
            known[version.event] = version.terms.revision
            renewals.remove(version.event)
        }
        // An event that must wait may have changed long before the newest: the next tick looks as far back again.
        if !isBehind { newestChange = newest }
    }

    /// Has an event brought to Redis again with the next tick, as one that Redis has lost.
    mutating func forget(_ event: EventID) {
        known[event] = nil
        newestChange = nil
    }

    /// Has an event's stock loaded anew with the next tick although there is some, and again until Redis has it.
    mutating func renew(_ event: EventID) {
        forget(event)
        renewals.insert(event)
    }

    /// Returns whether Redis now has this version.
    private func bring(_ version: SaleVersion) async throws -> Bool {
        if !renewals.contains(version.event) {
            switch try await amend(version) {
            case .amended, .current: return true
            case .quiet: return false
            case .cold: break
            }
        }
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

    /// Stock that the script cannot read counts as none: to be loaded anew rather than to hold the lane up for ever.
    private func amend(_ version: SaleVersion) async throws -> AmendOutcome {
        do throws(InventoryError) {
            // What was never loaded has nothing to be put back.
            return try await store.amend(version.event, version.terms, grace: version.epoch > 0 ? grace : .zero)
        } catch {
            guard error.code == .unexpectedReply else { throw error }
            logger.error("stock.unreadable", metadata: ["event.id": "\(version.event)", "error": "\(error)"])
            return .cold
        }
    }
}
