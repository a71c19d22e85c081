import Foundation

/// The tables below the plots.
extension HTMLReport {
    static func tables(_ report: RunReport) -> String {
        var tables = [latencies(report), outcomes(report)]
        if report.journeys.count > 1 { tables.append(journeys(report)) }
        if !report.thresholds.isEmpty { tables.append(thresholds(report)) }
        tables += [generator(report), run(report)]
        return tables.joined(separator: "\n")
    }

    private static func latencies(_ report: RunReport) -> String {
        var rows: [[String]] = []
        for series in LatencySeries.allCases {
            guard let summary = report.latencies[series.rawValue] else { continue }
            rows.append([series.rawValue] + columns(summary.corrected))
            if summary.uncorrected != summary.corrected {
                rows.append([series.rawValue + ", uncorrected"] + columns(summary.uncorrected))
            }
        }
        return table("Latency", ["", "count", "50 %", "95 %", "99 %", "99.9 %", "max"], rows)
    }

    private static func columns(_ summary: LatencySummary) -> [String] {
        [number(Double(summary.count))]
            + [summary.p50Ms, summary.p95Ms, summary.p99Ms, summary.p999Ms, summary.maxMs].map(milliseconds)
    }

    private static func outcomes(_ report: RunReport) -> String {
        var rows = [
            ["accepted", number(Double(report.accepted))], ["confirmed", number(Double(report.confirmed))],
            ["cancelled", number(Double(report.cancelled))],
        ]
        rows += report.refusedByCode.sorted { $0.key < $1.key }.map {
            ["refused: \($0.key)", number(Double($0.value))]
        }
        rows += report.retriedByCode.sorted { $0.key < $1.key }.map {
            ["told to wait: \($0.key)", number(Double($0.value))]
        }
        rows += report.abandonedByCode.sorted { $0.key < $1.key }.map {
            ["given up: \($0.key)", number(Double($0.value))]
        }
        if report.unresolved > 0 { rows.append(["without an answer", number(Double(report.unresolved))]) }
        rows.append(["polls, not modified among them", "\(report.polls), \(report.pollsNotModified)"])
        if report.leftover.rounds > 0 {
            rows.append(["sold afterwards to buyers who were refused", "\(report.leftover.ticketsSold)"])
        }
        return table("Outcomes", ["", "count"], rows)
    }

    private static func journeys(_ report: RunReport) -> String {
        table(
            "Journeys", ["", "visits", "accepted", "confirmed", "refused", "requests", "answered"],
            report.journeys.map { count in
                [count.journey]
                    + [count.visits, count.accepted, count.confirmed, count.refused, count.requests, count.answered]
                    .map { number(Double($0)) }
            })
    }

    private static func thresholds(_ report: RunReport) -> String {
        table(
            "Thresholds", ["", "measured", ""],
            report.thresholds.map {
                [$0.threshold, $0.measuredText, $0.holds ? "holds" : "missed"]
            })
    }

    private static func generator(_ report: RunReport) -> String {
        let generator = report.generator
        return table(
            "The generator itself", ["", ""],
            [
                [
                    "visits begun late",
                    "\(generator.lateSends), the worst by \(milliseconds(generator.worstLatenessMs))",
                ],
                [
                    "held back by busy connections",
                    "\(generator.heldBack), \(generator.starved) of them without time left",
                ],
                [
                    "timers late by",
                    "\(milliseconds(generator.loopLagP99Ms)) (99 %), "
                        + "\(milliseconds(generator.loopLagMaxMs)) (max)",
                ],
                ["processor", String(format: "%.1f s, %.2f cores", generator.cpuSeconds, report.generatorCores)],
                ["memory of a process", String(format: "%.0f MB", generator.peakMemoryMB)],
                ["requests written", number(Double(generator.requests))],
                ["requests lost, purchases retried", "\(generator.lostRequests), \(generator.purchaseRetries)"],
                ["processes, event loops", "\(generator.processes), \(generator.loops)"],
            ])
    }

    private static func run(_ report: RunReport) -> String {
        let environment = report.environment
        return table(
            "The run", ["", ""],
            [
                ["event", report.eventId.isEmpty ? "none" : report.eventId], ["seed", String(report.load.seed)],
                ["length", String(format: "%.1f s", report.seconds)],
                [
                    "connections for purchases, for polls",
                    "\(report.load.connections), \(report.load.pollConnections)",
                ],
                ["history", "\(number(Double(report.operations))) operations"],
                [
                    "invariants judged",
                    report.load.tickets == 0 ? "none: nothing was sold" : report.audit.judged.joined(separator: " "),
                ],
                [
                    "not judged",
                    report.audit.notJudged.isEmpty ? "none" : report.audit.notJudged.joined(separator: " "),
                ],
                [
                    "machine",
                    "\(environment.host): \(environment.cores) × \(environment.processor), "
                        + "\(environment.memoryGB) GB",
                ],
                ["system", "\(environment.system), Linux \(environment.kernel)"],
                ["generator", "version \(environment.version)\(environment.isOptimised ? "" : ", a debug build")"],
            ])
    }

    private static func table(_ title: String, _ head: [String], _ rows: [[String]]) -> String {
        func cells(_ cells: [String], _ tag: String) -> String {
            cells.enumerated().map { place, text in
                "<\(tag)\(place > 0 ? " class=\"n\"" : "")>\(XMLText.escaped(text))</\(tag)>"
            }.joined()
        }
        let headRow = head.allSatisfy(\.isEmpty) ? "" : "<tr>\(cells(head, "th"))</tr>"
        return "<section><h2>\(XMLText.escaped(title))</h2><div class=\"scroll\"><table>\(headRow)"
            + rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined() + "</table></div></section>"
    }
}
