import Foundation
package import Ticketing

/// What the comparison with Redis reads.
extension InMemoryLaneRepository {
    package func laneOwner(of partition: Partition) async throws(RepositoryError) -> String? {
        try access { rows, now throws(RepositoryError) in
            rows.leases[partition].flatMap { $0.expiresAt >= now ? $0.owner : nil }
        }
    }

    package func books(
        of event: EventID, buyers: [UserID], mostOrders: Int
    ) async throws(RepositoryError) -> EventBooks? {
        try access { rows, _ throws(RepositoryError) in
            guard let row = rows.events[event] else { return nil }
            func list(_ intents: [Intent]) -> [StockRelease] {
                intents.prefix(mostOrders).map {
                    StockRelease(
                        event: event, order: $0.order, user: $0.user, quantity: $0.quantity, epoch: row.epoch)
                }
            }
            let waiting = rows.outbox.filter { $0.intent.event == event && !$0.isDelivered }.map(\.intent)
            let overdue = rows.pending(in: row.partition, isOverdue: true).map(\.intent).filter { $0.event == event }
            let held = rows.heldUnits(of: event)
            return EventBooks(
                epoch: row.epoch, total: row.terms.total, available: row.available, releases: list(waiting),
                overdue: list(overdue), hasMore: max(waiting.count, overdue.count) > mostOrders,
                held: Dictionary(buyers.map { ($0, held[$0] ?? 0) }) { first, _ in first })
        }
    }

    package func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger? {
        try access { rows, _ throws(RepositoryError) in
            guard let row = rows.events[event] else { return nil }
            var ledger = EventLedger(
                capacity: row.terms.total, available: row.available, pending: 0, sold: 0, cancelled: 0)
            for order in rows.orders.values where order.intent.event == event {
                switch order.state.status {
                case .pending, .paid: ledger.pending += order.holdsStock ? order.intent.quantity : 0
                case .confirmed: ledger.sold += order.intent.quantity
                case .cancelled, .refunded: ledger.cancelled += order.intent.quantity
                }
            }
            ledger.returning = rows.outbox.filter { $0.intent.event == event && !$0.isDelivered }
                .map(\.intent.quantity).reduce(0, +)
            return ledger
        }
    }

    package func heldUnits(of event: EventID) async throws(RepositoryError) -> [UserID: Int] {
        try access { rows, _ throws(RepositoryError) in rows.heldUnits(of: event) }
    }

    /// The rows do not say when an order ended, so `age` counts from its begin.
    package func endedOrders(
        of event: EventID, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [OrderID] {
        try access { rows, now throws(RepositoryError) in
            let end = now.addingTimeInterval(-(age / .seconds(1)))
            return rows.orders.values
                .filter { $0.intent.event == event && $0.state.status.isFinal && $0.createdAt < end }
                .sorted { $0.number > $1.number }.prefix(limit).map(\.intent.order)
        }
    }

    package func expiredHolds(
        in partition: Partition, olderThan age: Duration
    ) async throws(RepositoryError) -> ExpiredHolds {
        try access { rows, now throws(RepositoryError) in
            let end = now.addingTimeInterval(-(age / .seconds(1)))
            let pending = rows.pending(in: partition, isOverdue: false) + rows.pending(in: partition, isOverdue: true)
            let over = pending.filter { $0.createdAt < end }
                .map { end.timeIntervalSince($0.createdAt) }
            return ExpiredHolds(count: over.count, oldest: .seconds(over.max() ?? 0))
        }
    }
}
