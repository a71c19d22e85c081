/// Where an event's tickets are, by Postgres.
package struct EventLedger: Hashable, Sendable {
    package var capacity: Int
    package var available: Int
    /// Units of orders that are pending or paid, confirmed, and cancelled or refunded.
    package var pending: Int
    package var sold: Int
    package var cancelled: Int
    /// Units that came free here and wait to be returned to Redis.
    package var returning: Int

    package init(capacity: Int, available: Int, pending: Int, sold: Int, cancelled: Int, returning: Int = 0) {
        self.capacity = capacity
        self.available = available
        self.pending = pending
        self.sold = sold
        self.cancelled = cancelled
        self.returning = returning
    }

    /// Each unit is in exactly one place.
    package var isBalanced: Bool { available + pending + sold == capacity }
}

/// An event's tickets by Postgres beside Redis, in the form in which the gateway and the operator's command show them.
package struct SaleLedger: Encodable, Sendable {
    package struct Postgres: Encodable, Sendable {
        package let available: Int
        package let pending: Int
        package let sold: Int
        package let cancelled: Int
    }

    package struct Redis: Encodable, Sendable {
        package let available: Int
        /// Units that Redis has given out and Postgres has not yet recorded, or that Postgres has freed and Redis has
        /// not yet got back.
        package let inFlight: Int
        package let epoch: Int64
    }

    package let eventId: String
    package let capacity: Int
    package let postgres: Postgres
    /// Absent while Redis has no stock of the event or does not answer.
    package let redis: Redis?
    /// Whether each unit is in exactly one place. In Postgres available, pending and sold make the capacity; what Redis
    /// lacks beside Postgres is on its way: on the stream, or in the outbox.
    package let balanced: Bool

    package init(event: EventID, _ books: EventLedger, _ stock: Stock?) {
        eventId = event.description
        capacity = books.capacity
        postgres = Postgres(
            available: books.available, pending: books.pending, sold: books.sold, cancelled: books.cancelled)
        let inFlight = stock.map { books.available - $0.available } ?? 0
        redis = stock.map { Redis(available: $0.available, inFlight: inFlight, epoch: $0.epoch) }
        let isExplained = inFlight == 0 || inFlight > 0 && ((stock?.backlog ?? 0) > 0 || books.returning > 0)
        balanced = books.isBalanced && isExplained
    }

    /// The ledger as `read` gives it. The two servers are read one after the other while a sale moves on, and a change
    /// of the capacity reaches Redis within a second (DESIGN §4): a reading that does not balance is repeated for that
    /// long, and the last one is the answer.
    package static func settled(_ read: () async throws -> SaleLedger) async throws -> SaleLedger {
        var ledger = try await read()
        for _ in 0..<6 where !ledger.balanced {
            try await Task.sleep(for: .milliseconds(200))
            ledger = try await read()
        }
        return ledger
    }
}
