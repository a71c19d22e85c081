import Foundation

/// Two runs side by side.
struct RunComparison: Sendable {
    struct Row: Equatable, Sendable {
        let name: String
        let first: Double?
        let second: Double?

        /// How many times the first one the second is; nil where that says nothing.
        var ratio: Double? {
            guard let first, let second, first != 0 else { return nil }
            return second / first
        }
    }

    let rows: [Row]
    /// What the two runs differ in besides their results: figures of different plans or machines cannot be compared.
    let differences: [String]
    private let names: (String, String)
    private let verdicts: (String, String)

    init(_ first: RunReport, _ second: RunReport) {
        var rows: [Row] = []
        func row(_ name: String, _ value: (RunReport) -> Double?) {
            rows.append(Row(name: name, first: value(first), second: value(second)))
        }
        row("accepted/s") { $0.acceptedPerSecond }
        row("confirmed/s") { $0.confirmedPerSecond }
        row("accepted") { Double($0.accepted) }
        row("confirmed") { Double($0.confirmed) }
        row("tickets sold") { Double($0.ticketsSold) }
        row("sold out after s") { $0.secondsToSellOut }
        for series in LatencySeries.allCases {
            let name = series.rawValue
            guard first.latencies[name] != nil || second.latencies[name] != nil else { continue }
            row("\(name) p50 ms") { $0.latencies[name]?.corrected.p50Ms }
            row("\(name) p99 ms") { $0.latencies[name]?.corrected.p99Ms }
            row("\(name) max ms") { $0.latencies[name]?.corrected.maxMs }
        }
        for code in Set(first.refusedByCode.keys).union(second.refusedByCode.keys).sorted() {
            row("refused \(code)") { Double($0.refusedByCode[code] ?? 0) }
        }
        row("told to wait") { Double($0.retriedByCode.values.reduce(0, +)) }
        row("unresolved") { Double($0.unresolved) }
        row("requests lost") { Double($0.generator.lostRequests) }
        row("late sends") { Double($0.generator.lateSends + $0.generator.starved) }
        row("violations") { Double($0.violations.count) }
        row("generator CPU s") { $0.generator.cpuSeconds }
        self.rows = rows
        self.differences = Self.differences(first, second)
        self.names = (first.name, second.name)
        self.verdicts = (Self.verdict(first), Self.verdict(second))
    }

    /// Promises that one of the two broke and the other kept.
    static func newViolations(_ first: RunReport, _ second: RunReport) -> [Violation] {
        let known = Set(first.violations.map(\.invariant))
        return second.violations.filter { !known.contains($0.invariant) }
    }

    var text: String {
        func column(_ text: String) -> String { String(repeating: " ", count: max(0, 14 - text.count)) + text }
        func number(_ value: Double?) -> String {
            value.map { String(format: "%g", $0.rounded(toPlaces: 2)) } ?? "none"
        }
        var lines = differences.map { "differs: \($0)" }
        lines.append(
            "".padding(toLength: 22, withPad: " ", startingAt: 0) + column("A") + column("B") + column("B / A"))
        for row in rows {
            lines.append(
                row.name.padding(toLength: 22, withPad: " ", startingAt: 0) + column(number(row.first))
                    + column(number(row.second)) + column(row.ratio.map { String(format: "%.2f", $0) } ?? ""))
        }
        lines.append("A: \(names.0), \(verdicts.0)")
        lines.append("B: \(names.1), \(verdicts.1)")
        return lines.joined(separator: "\n")
    }

    private static func verdict(_ report: RunReport) -> String {
        switch report.verdict {
        case .good: "good"
        case .brokenPromise: "broke " + Set(report.violations.map(\.invariant)).sorted().joined(separator: " ")
        case .invalid: "INVALID"
        case .missedThreshold: "missed a threshold"
        case .failed: "failed"
        }
    }

    private static func differences(_ first: RunReport, _ second: RunReport) -> [String] {
        var differences: [String] = []
        func compare(_ name: String, _ value: (RunReport) -> String) {
            let (left, right) = (value(first), value(second))
            if left != right { differences.append("\(name): \(left) and \(right)") }
        }
        compare("scenario", \.name)
        compare("target", \.target)
        compare("seed") { String($0.load.seed) }
        compare("visits") { String($0.load.visits) }
        compare("rate") { "\($0.load.intendedRate)/s" }
        compare("tickets") { String($0.load.tickets) }
        compare("connections") { "\($0.load.connections) + \($0.load.pollConnections)" }
        compare("machine") { "\($0.environment.host), \($0.environment.cores) × \($0.environment.processor)" }
        compare("kernel", \.environment.kernel)
        compare("generator") { $0.environment.version + ($0.environment.isOptimised ? "" : " (debug)") }
        return differences
    }
}
