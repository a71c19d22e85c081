import Foundation
import OrderRepository
import Reconciliation
import Ticketing

/// What a comparison of Redis and the provider with Postgres found, and what was done about it.
struct ReconciliationReport: Encodable {
    struct Event: Encodable {
        let eventId: String
        let partition: Int
        let capacity: Int
        let sold: Int
        let pending: Int
        let available: Int
        /// Absent while Redis has none that could be read.
        var redisAvailable: Int?
        var inFlight: Int?
        var returning: Int?
        /// What is proven to be wrong and still is, by kind: units, buyers, records, or 1.
        var drift: [String: Int] = [:]
        /// What was wrong and is repaired.
        var repaired: [String: Int] = [:]
        /// Why nothing is known, or why drift was left.
        var remark: String?
        var isCompared = true
    }

    struct Partition: Encodable {
        let partition: Int
        /// Who has the lane; absent when nobody has.
        let lane: String?
        let expiredHolds: Int
        let oldestExpiredHoldSeconds: Double
    }

    struct Charges: Encodable {
        var compared = 0
        /// By kind.
        var drift: [String: Int] = [:]
        var repaired = 0
        /// Some of their orders.
        var orders: [String] = []
    }

    var events: [Event] = []
    var partitions: [Partition] = []
    var charges = Charges()

    var hasDrift: Bool {
        events.contains { !$0.drift.isEmpty } || !charges.drift.isEmpty || partitions.contains { $0.expiredHolds > 0 }
    }
    var isWhole: Bool { events.allSatisfy(\.isCompared) }

    /// 0 balanced, 1 drift is left, 2 something could not be compared.
    var status: Int32 { hasDrift ? 1 : isWhole ? 0 : 2 }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    var text: String {
        var rows = [
            [
                "event", "capacity", "sold", "pending", "available", "in redis", "in flight", "returning", "drift",
                "repaired", "remark",
            ]
        ]
        rows += events.map { event in
            [
                event.eventId, "\(event.capacity)", "\(event.sold)", "\(event.pending)", "\(event.available)",
                event.redisAvailable.map(String.init) ?? "-", event.inFlight.map(String.init) ?? "-",
                event.returning.map(String.init) ?? "-",
                event.isCompared ? Self.list(event.drift) ?? "none" : "unknown", Self.list(event.repaired) ?? "-",
                event.remark ?? "",
            ]
        }
        var lines = TextTable(rows).lines
        for partition in partitions where partition.expiredHolds > 0 || partition.lane == nil {
            let holds =
                partition.expiredHolds == 0
                ? ""
                : ", \(partition.expiredHolds) holds over, the oldest for \(Int(partition.oldestExpiredHoldSeconds)) s"
            lines.append("partition \(partition.partition): \(partition.lane ?? "no worker has its lane")\(holds)")
        }
        let voided = charges.repaired > 0 ? ", \(charges.repaired) to be given back" : ""
        lines.append(
            "charges: \(charges.compared) captured, drift \(Self.list(charges.drift) ?? "none")\(voided)"
                + charges.orders.map { "\n  order \($0)" }.joined())
        return lines.joined(separator: "\n")
    }

    private static func list(_ amounts: [String: Int]) -> String? {
        guard !amounts.isEmpty else { return nil }
        return amounts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

/// Rows of text in columns of one width each.
struct TextTable {
    let lines: [String]

    init(_ rows: [[String]]) {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        lines = rows.map { row in
            var line = zip(row, widths)
                .map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
