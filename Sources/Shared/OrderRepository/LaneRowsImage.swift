package import Ticketing

/// The rows at one instant, to be looked at.
package struct LaneRowsImage: Sendable {
    let rows: LaneRows

    package struct Event: Sendable {
        package let id: EventID
        package let partition: Partition
        package let terms: SaleTerms
        package let available: Int
    }

    package struct Order: Sendable {
        package let intent: Intent
        package let state: SettledOrder
        /// Whether its units are taken; not those of one that is pending after its hold.
        package let holdsStock: Bool
    }

    /// By id.
    package var events: [Event] {
        rows.events.sorted { $0.key.description < $1.key.description }.map {
            Event(id: $0, partition: $1.partition, terms: $1.terms, available: $1.available)
        }
    }

    package func event(_ id: EventID) -> Event? {
        rows.events[id].map { Event(id: id, partition: $0.partition, terms: $0.terms, available: $0.available) }
    }

    /// In the order of their commits.
    package var orders: [Order] {
        rows.orders.values.sorted { $0.number < $1.number }.map {
            Order(intent: $0.intent, state: $0.state, holdsStock: $0.holdsStock)
        }
    }

    package func order(_ id: OrderID) -> Order? {
        rows.orders[id].map { Order(intent: $0.intent, state: $0.state, holdsStock: $0.holdsStock) }
    }

    /// Units of an event that orders hold, of one buyer or of all, and of these the confirmed ones.
    package func units(of event: EventID, user: UserID? = nil) -> (held: Int, confirmed: Int) {
        rows.orders.values.reduce(into: (0, 0)) { sum, row in
            guard row.intent.event == event, user == nil || row.intent.user == user else { return }
            if row.holdsStock { sum.0 += row.intent.quantity }
            if row.state.status == .confirmed { sum.1 += row.intent.quantity }
        }
    }

    /// Whether nothing waits to be settled, published or returned in the partition.
    package func isQuiet(_ partition: Partition) -> Bool {
        rows.unpublished[partition]?.isEmpty ?? true
            && !rows.orders.values.contains { $0.partition == partition && !$0.state.status.isFinal }
            && !rows.outbox.contains { $0.partition == partition && !$0.isDelivered }
    }

    /// Whether Redis may not have been told yet how the order stands.
    package func isUnpublished(_ order: OrderID) -> Bool {
        rows.unpublished[order.partition]?.contains { $0.orders.contains(order) } ?? false
    }

    package var waitingMessages: Int { rows.messages.count { !$0.isDelivered } }

    package func epoch(of partition: Partition) -> Int64? { rows.leases[partition]?.epoch }
    package func owner(of partition: Partition) -> String? { rows.leases[partition]?.owner }
}

extension InMemoryLaneRepository {
    package var image: LaneRowsImage { direct { rows, _ in LaneRowsImage(rows: rows) } }
}
