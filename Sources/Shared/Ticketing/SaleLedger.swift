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
    /// Whether nothing contradicts that each unit is in exactly one place. In Postgres available, pending and sold make the
    /// capacity; Redis has no more than Postgres, and lacks some only while entries are on the partition's stream or
    /// units in the outbox. Whose entries they are is not looked at: only a ledger at rest proves that nothing is lost.
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

    /// A change of the capacity reaches Redis within a second (DESIGN §4).
    private static let repetitions = 6
    private static let pause: Duration = .milliseconds(200)

    /// The ledger as `read` gives it. The two servers are read one after the other while a sale moves on, so a reading
    /// that does not balance is repeated for a good second, and the last one is the answer.
    package static func repeated(_ read: () async throws -> SaleLedger) async throws -> SaleLedger {
        var ledger = try await read()
        for _ in 0..<repetitions where !ledger.balanced {
            try await Task.sleep(for: pause)
            ledger = try await read()
        }
        return ledger
    }
}
