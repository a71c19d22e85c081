import InventoryStore
import OrderRepository
import Ticketing

/// Where an event's tickets are: Postgres beside Redis.
struct LedgerResponse: Encodable {
    struct Postgres: Encodable {
        let available: Int
        let pending: Int
        let sold: Int
        let cancelled: Int
    }

    struct Redis: Encodable {
        let available: Int
        /// Units that Redis has given out and Postgres has not yet recorded.
        let inFlight: Int
        let epoch: Int64
    }

    let eventId: String
    let capacity: Int
    let postgres: Postgres
    /// Absent while Redis has no stock of the event or does not answer.
    let redis: Redis?
    /// Whether each unit is in exactly one place. The two stores are read one after the other, so during a sale the
    /// Redis side may be ahead by what was accepted between the reads; it can never be behind.
    let balanced: Bool

    init(event: EventID, ledger: EventLedger, stock: Stock?) {
        eventId = event.description
        capacity = ledger.capacity
        postgres = Postgres(
            available: ledger.available, pending: ledger.pending, sold: ledger.sold, cancelled: ledger.cancelled)
        let inFlight = stock.map { ledger.available - $0.available }
        redis = stock.map { Redis(available: $0.available, inFlight: ledger.available - $0.available, epoch: $0.epoch) }
        balanced = ledger.isBalanced && (inFlight ?? 0) >= 0
    }
}
