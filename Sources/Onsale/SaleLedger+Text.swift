import Foundation
import Ticketing

extension SaleLedger {
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
