package import Foundation
import Synchronization
package import Ticketing

/// The lanes' repository in memory, by the rules of the Postgres one: what a lane's tests run on.
///
/// Each call is one transaction: it works on a copy of all rows, which replaces them only when the call succeeds.
package final class InMemoryLaneRepository: LaneRepository {
    private let state = Mutex(LaneRows())
    private let now: @Sendable () -> Date

    /// - Parameter now: The time that leases run out by and that changes carry.
    package init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    package func acquireLease(
        of partition: Partition, owner: String, for duration: Duration
    ) async throws(RepositoryError) -> Lease? {
        try access { rows, now throws(RepositoryError) in
            let current = rows.leases[partition]
            guard current.map({ $0.expiresAt < now }) ?? true else { return nil }
            let epoch = (current?.epoch ?? 0) + 1
            rows.leases[partition] = LaneRows.LeaseRow(
                owner: owner, epoch: epoch, expiresAt: now.addingTimeInterval(duration / .seconds(1)))
            return Lease(partition: partition, epoch: epoch)
        }
    }

    package func renew(_ lease: Lease, for duration: Duration) async throws(RepositoryError) -> Bool {
        try access { rows, now throws(RepositoryError) in
            guard rows.holds(lease) else { return false }
            rows.leases[lease.partition]?.expiresAt = now.addingTimeInterval(duration / .seconds(1))
            return true
        }
    }

    package func giveUp(_ lease: Lease) async throws(RepositoryError) {
        try access { rows, _ throws(RepositoryError) in
            if rows.holds(lease) { rows.leases[lease.partition]?.expiresAt = .distantPast }
        }
    }

    package func commit(_ batch: [QueuedIntent], under lease: Lease) async throws(RepositoryError) -> CommitOutcome {
        try access { rows, _ throws(RepositoryError) in
            guard rows.holds(lease) else { return .leaseLost }
            let inserted = try rows.insert(batch, in: lease.partition)
            let others = Set(batch.filter { !inserted.contains($0.entry) }.map(\.intent.order))
            let known = rows.orders.filter { others.contains($0.key) }
                .mapValues { KnownOrder(entry: $0.entry, state: $0.state) }
            return .committed(inserted: inserted, known: known)
        }
    }

    package func refuse(
        _ queued: QueuedIntent, _ reason: CancellationReason, under lease: Lease
    ) async throws(RepositoryError) -> CommitOutcome {
        try access { rows, _ throws(RepositoryError) in
            guard rows.holds(lease) else { return .leaseLost }
            if let order = rows.orders[queued.intent.order] {
                return .committed(
                    inserted: [], known: [queued.intent.order: KnownOrder(entry: order.entry, state: order.state)])
            }
            try rows.refuse(queued, reason, in: lease.partition)
            return .committed(inserted: [queued.entry], known: [:])
        }
    }

    package func settle(_ settlements: [Settlement], under lease: Lease) async throws(RepositoryError) -> SettledBatch?
    {
        try access { rows, _ throws(RepositoryError) in
            guard rows.holds(lease) else { return nil }
            return try rows.settle(settlements, in: lease.partition)
        }
    }

    package func unpublishedBatches(
        in partition: Partition, limit: Int
    ) async throws(RepositoryError) -> [SettledBatch] {
        try access { rows, _ throws(RepositoryError) in Array((rows.unpublished[partition] ?? []).prefix(limit)) }
    }

    package func markPublished(_ batches: [Int64], in partition: Partition) async throws(RepositoryError) {
        try access { rows, _ throws(RepositoryError) in
            rows.unpublished[partition]?.removeAll { batches.contains($0.id) }
        }
    }

    package func states(of orders: [OrderID]) async throws(RepositoryError) -> [SettledOrder] {
        try access { rows, _ throws(RepositoryError) in orders.compactMap { rows.orders[$0]?.state } }
    }

    package func pendingOrders(
        in partition: Partition, youngerThan age: Duration, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try access { rows, now throws(RepositoryError) in
            let last = order.flatMap { rows.orders[$0]?.number } ?? 0
            let begin = now.addingTimeInterval(-(age / .seconds(1)))
            return rows.pending(in: partition, isOverdue: false)
                .filter { $0.number > last && $0.createdAt >= begin }.prefix(limit).map(\.intent)
        }
    }

    package func overdueOrders(
        in partition: Partition, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try access { rows, _ throws(RepositoryError) in
            let last = order.flatMap { rows.orders[$0]?.number } ?? 0
            return rows.pending(in: partition, isOverdue: true).filter { $0.number > last }.prefix(limit).map(\.intent)
        }
    }

    package func endHolds(of orders: [OrderID], under lease: Lease) async throws(RepositoryError) -> Bool {
        try access { rows, _ throws(RepositoryError) in
            guard rows.holds(lease) else { return false }
            try rows.endHolds(of: orders, in: lease.partition)
            return true
        }
    }

    package func confirmOverdue(
        _ settlement: Settlement, of event: EventID, epoch: Int64, under lease: Lease
    ) async throws(RepositoryError) -> OverdueOutcome {
        try access { rows, _ throws(RepositoryError) in
            guard rows.holds(lease) else { return .leaseLost }
            guard rows.events[event]?.epoch == epoch else { return .epochPassed }
            return try rows.confirmOverdue(settlement, in: lease.partition) ? .confirmed : .gone
        }
    }

    package func expiredOrders(
        in partition: Partition, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try access { rows, now throws(RepositoryError) in
            let end = now.addingTimeInterval(-(age / .seconds(1)))
            return rows.pending(in: partition, isOverdue: false).filter { $0.createdAt < end }.prefix(limit).map(
                \.intent)
        }
    }

    package func waitingReleases(
        in partition: Partition, limit: Int
    ) async throws(RepositoryError) -> [WaitingRelease] {
        try access { rows, _ throws(RepositoryError) in
            let waiting = rows.outbox.filter { $0.partition == partition && !$0.isDelivered }
            return waiting.prefix(limit).compactMap { row in
                rows.events[row.intent.event].map { event in
                    WaitingRelease(
                        id: row.id,
                        release: StockRelease(
                            event: row.intent.event, order: row.intent.order, user: row.intent.user,
                            quantity: row.intent.quantity, epoch: event.epoch))
                }
            }
        }
    }

    package func markDelivered(_ releases: [WaitingRelease]) async throws(RepositoryError) {
        let ids = Set(releases.map(\.id))
        try access { rows, _ throws(RepositoryError) in rows.deliver { ids.contains($0.id) } }
    }

    package func events(
        in partition: Partition, changedSince date: Date?
    ) async throws(RepositoryError) -> [SaleVersion] {
        try access { rows, _ throws(RepositoryError) in
            rows.events.filter { $0.value.partition == partition && $0.value.updatedAt >= date ?? .distantPast }
                .map { event, row in
                    SaleVersion(event: event, epoch: row.epoch, terms: row.terms, updatedAt: row.updatedAt)
                }
                .sorted { ($0.updatedAt, $0.event.description) < ($1.updatedAt, $1.event.description) }
        }
    }

    package func beginLoad(of event: EventID, under lease: Lease) async throws(RepositoryError) -> StockLoad? {
        try access { rows, _ throws(RepositoryError) in
            guard rows.holds(lease), let row = rows.events[event] else { return nil }
            rows.events[event]?.epoch += 1
            rows.deliver { $0.intent.event == event }
            return StockLoad(
                event: event, epoch: row.epoch + 1, available: row.available, terms: row.terms,
                buyers: rows.heldUnits(of: event).map { (user: $0.key, units: $0.value) })
        }
    }

    /// Runs `work` as one transaction, or fails as a test has asked for.
    func access<Value>(
        _ work: (inout LaneRows, Date) throws(RepositoryError) -> Value
    ) throws(RepositoryError) -> Value {
        try state.withLock { state throws(RepositoryError) in
            if let failure = state.failure { throw failure }
            var rows = state
            rows.now = now()
            let value = try work(&rows, rows.now)
            state = rows
            return value
        }
    }

    /// Looks at or changes the rows outside any lane, as a test does; never fails.
    func direct<Value>(_ work: (inout LaneRows, Date) -> Value) -> Value {
        state.withLock { work(&$0, now()) }
    }
}
