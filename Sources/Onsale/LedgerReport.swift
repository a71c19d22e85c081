import Foundation
import InventoryStore
import OrderRepository
import Ticketing

/// An event's tickets by Postgres and by Redis, in the form of the gateway's answer.
struct LedgerReport: Encodable {
    struct Postgres: Encodable {
        let available: Int
        let pending: Int
        let sold: Int
        let cancelled: Int
    }

    struct Redis: Encodable {
        let available: Int
        let inFlight: Int
        let epoch: Int64
    }

    let eventId: String
    let capacity: Int
    let postgres: Postgres
    /// nil when no stock is loaded.
    let redis: Redis?
    let balanced: Bool

    init(event: EventID, ledger: EventLedger, stock: Stock?) {
        eventId = event.description
        capacity = ledger.capacity
        postgres = Postgres(
            available: ledger.available, pending: ledger.pending, sold: ledger.sold, cancelled: ledger.cancelled)
        redis = stock.map {
            Redis(
                available: $0.available, inFlight: ledger.capacity - $0.available - ledger.pending - ledger.sold,
                epoch: $0.epoch)
        }
        balanced = ledger.isBalanced && (redis.map { $0.inFlight >= 0 } ?? true)
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    var text: String {
        """
        event      \(eventId)
        capacity   \(capacity)
        postgres   available \(postgres.available), pending \(postgres.pending), sold \(postgres.sold), \
        cancelled \(postgres.cancelled)
        redis      \(redis.map { "available \($0.available), in flight \($0.inFlight), epoch \($0.epoch)" } ?? "not loaded")
        balanced   \(balanced ? "yes" : "no")
        """
    }
}
