package import Ticketing

/// What a gateway does to the rows that lanes work on, by the rules of `OrderRepository`; a simulation runs both on them.
extension InMemoryLaneRepository {
    package func order(_ id: OrderID) async throws(RepositoryError) -> (intent: Intent, state: SettledOrder)? {
        try access { rows, _ throws(RepositoryError) in rows.orders[id].map { ($0.intent, $0.state) } }
    }

    package func cancel(_ id: OrderID, of user: UserID) async throws(RepositoryError) -> Bool {
        try access { rows, _ throws(RepositoryError) in
            guard let row = rows.orders[id], row.intent.user == user, row.state.status == .pending, !row.holdEnded
            else { return false }
            rows.orders[id]?.state = SettledOrder(
                id: id, status: .cancelled, reason: .cancelledByBuyer, tickets: [])
            rows.release(row.intent, in: row.partition)
            if row.intent.total.amount > 0 { rows.void(id) }
            rows.events[row.intent.event]?.available += row.intent.quantity
            _ = rows.list([id], in: row.partition)
            return true
        }
    }

    package func cancelUncommitted(
        _ intent: Intent, _ reason: CancellationReason
    ) async throws(RepositoryError) -> Bool {
        try access { rows, _ throws(RepositoryError) in
            try rows.add(
                QueuedIntent(entry: StreamEntryID(""), intent: intent),
                SettledOrder(id: intent.order, status: .cancelled, reason: reason, tickets: []),
                in: intent.order.partition)
        }
    }

    package func holding(
        of user: UserID, in event: EventID
    ) async throws(RepositoryError) -> (held: Int, limit: Int)? {
        try access { rows, _ throws(RepositoryError) in
            rows.events[event].map { (LaneRowsImage(rows: rows).units(of: event, user: user).held, $0.terms.limit) }
        }
    }

    /// An organiser's new terms, unless more is taken than they offer.
    package func change(_ event: EventID, by body: (SaleTerms) -> SaleTerms) async throws(RepositoryError) -> Bool {
        try access { rows, now throws(RepositoryError) in
            guard let row = rows.events[event] else { return false }
            let terms = body(row.terms)
            let available = row.available + terms.total - row.terms.total
            guard available >= 0 else { throw RepositoryError(.capacityBelowSold, "tickets are sold or pending") }
            rows.events[event]?.available = available
            rows.events[event]?.terms = terms
            rows.events[event]?.updatedAt = now
            return true
        }
    }
}
