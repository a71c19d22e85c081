import Foundation

/// A timeline as a table for spreadsheets (RFC 4180): one row a slice.
struct TimelineCSV: Sendable {
    let text: String

    init(_ timeline: Timeline) {
        let codes = Set(timeline.slices.flatMap(\.refusedByCode.keys)).sorted()
        let head =
            [
                "second", "intended", "sent", "accepted", "confirmed", "cancelled", "later", "served", "under_way",
                "backlog", "stock", "p50_ms", "p99_ms", "max_ms", "uncorrected_p99_ms",
            ] + codes.map { "refused_\($0)" }
        var lines = [head.map(Self.field).joined(separator: ",")]
        for slice in timeline.slices {
            let counts = [
                slice.intended, slice.sent, slice.accepted, slice.confirmed, slice.cancelled, slice.later, slice.served,
                slice.underWay, slice.backlog,
            ].map(String.init)
            let latencies = [slice.p50Ms, slice.p99Ms, slice.maxMs, slice.uncorrectedP99Ms].map { value in
                value.map { "\($0)" } ?? ""
            }
            let row =
                ["\(slice.second)"] + counts + [slice.stock.map(String.init) ?? ""] + latencies
                + codes.map { String(slice.refusedByCode[$0] ?? 0) }
            lines.append(row.map(Self.field).joined(separator: ","))
        }
        self.text = lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func field(_ text: String) -> String {
        guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
