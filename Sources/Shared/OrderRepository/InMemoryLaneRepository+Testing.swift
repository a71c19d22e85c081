package import Foundation
package import Ticketing

/// What only tests do: put rows there, break things, and look inside.
extension InMemoryLaneRepository {
    /// A charge as it was recorded.
    package struct Payment: Hashable, Sendable {
        package let order: OrderID
        package let isCaptured: Bool
        package let reference: String
    }

    package func addUser(_ user: UserID) { direct { rows, _ in _ = rows.users.insert(user) } }

    /// Adds an event with all its tickets available.
    /// - Parameter updatedAt: When it was last changed; now when nil.
    package func addEvent(_ event: EventID, in partition: Partition, _ terms: SaleTerms, updatedAt: Date? = nil) {
        direct { rows, now in
            rows.events[event] = LaneRows.EventRow(
                partition: partition, terms: terms, available: terms.total, epoch: 0, updatedAt: updatedAt ?? now)
        }
    }

    /// An organiser's change. It keeps the units that are taken and carries the time `updatedAt`, or now.
    package func change(_ event: EventID, to terms: SaleTerms, updatedAt: Date? = nil) {
        direct { rows, now in
            guard let row = rows.events[event] else { return }
            rows.events[event]?.available += terms.total - row.terms.total
            rows.events[event]?.terms = terms
            rows.events[event]?.updatedAt = updatedAt ?? now
        }
    }

    /// Changes how many tickets are available behind everyone's back, as an operator's mistake would.
    package func setAvailable(_ available: Int, of event: EventID) {
        direct { rows, _ in rows.events[event]?.available = available }
    }

    /// Deletes an order, as the deletion of its user does.
    package func delete(_ order: OrderID) { direct { rows, _ in rows.orders[order] = nil } }

    /// Lets the partition's lease run out now.
    package func expireLease(of partition: Partition) {
        direct { rows, _ in rows.leases[partition]?.expiresAt = .distantPast }
    }

    /// From now on every call throws this; nil mends it.
    package func fail(with error: RepositoryError?) { direct { rows, _ in rows.failure = error } }

    /// Every order, in the order of their commits.
    package var orders: [(intent: Intent, state: SettledOrder)] {
        direct { rows, _ in
            rows.orders.values.sorted { $0.number < $1.number }.map { ($0.intent, $0.state) }
        }
    }

    package func state(of order: OrderID) -> SettledOrder? { direct { rows, _ in rows.orders[order]?.state } }

    package func available(of event: EventID) -> Int? { direct { rows, _ in rows.events[event]?.available } }

    package func payments(of order: OrderID) -> [Payment] {
        direct { rows, _ in
            rows.payments.filter { $0.order == order }
                .map { Payment(order: $0.order, isCaptured: $0.isCaptured, reference: $0.reference) }
        }
    }

    /// Orders whose charge the outbox is to end.
    package var voids: [OrderID] { direct { rows, _ in rows.messages.map(\.order) } }

    /// Releases that are not delivered, in all partitions.
    package var undelivered: Int { direct { rows, _ in rows.outbox.count { !$0.isDelivered } } }

    /// Whether the partition has a lease that holds now.
    package func isLeased(_ partition: Partition) -> Bool {
        direct { rows, now in rows.leases[partition].map { $0.expiresAt >= now } ?? false }
    }

    /// The epoch of the partition's lease, held or not.
    package func leaseEpoch(_ partition: Partition) -> Int64? { direct { rows, _ in rows.leases[partition]?.epoch } }

    package func owner(of partition: Partition) -> String? { direct { rows, _ in rows.leases[partition]?.owner } }
}
