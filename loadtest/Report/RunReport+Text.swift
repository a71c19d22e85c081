import Foundation

extension RunReport {
    /// The report as people read it.
    var text: String {
        var lines = [
            "event           \(eventId.isEmpty ? "none" : eventId)",
            "offered         \(load.visits) visits, \(load.purchases) purchases of \(load.ticketsWanted) tickets at "
                + "\(Self.number(load.intendedRate))/s for \(load.tickets) tickets",
            "accepted        \(accepted), \(Self.number(acceptedPerSecond))/s",
            "confirmed       \(confirmed), \(Self.number(confirmedPerSecond))/s; cancelled \(cancelled)",
        ]
        for (code, count) in refusedByCode.sorted(by: { $0.key < $1.key }) {
            lines.append("refused         \(code): \(count), \(Self.number(refusedPerSecondByCode[code] ?? 0))/s")
        }
        for (code, count) in retriedByCode.sorted(by: { $0.key < $1.key }) {
            lines.append("told to wait    \(code): \(count)")
        }
        for (code, count) in abandonedByCode.sorted(by: { $0.key < $1.key }) {
            lines.append("given up        \(code): \(count)")
        }
        if unresolved > 0 { lines.append("unresolved      \(unresolved)") }
        if operations > 0 && load.tickets > 0 {
            lines.append(
                "polls           \(polls), \(Self.number(pollsPerSecond))/s, \(pollsNotModified) not modified"
                    + (pollsMissing > 0 ? ", \(pollsMissing) of unknown orders" : "")
                    + (ordersRecovered > 0 ? ", \(ordersRecovered) lost orders put back by receipts" : ""))
            lines.append("sold out after  " + (secondsToSellOut.map { String(format: "%.2f s", $0) } ?? "never"))
        }
        for series in LatencySeries.allCases {
            guard let summary = latencies[series.rawValue] else { continue }
            let name = series == .settle ? "accept to final" : series.rawValue
            lines.append(name.padding(toLength: 16, withPad: " ", startingAt: 0) + summary.corrected.description)
            if summary.uncorrected != summary.corrected {
                lines.append("  uncorrected   " + summary.uncorrected.description)
            }
        }
        if leftover.rounds > 0 {
            lines.append(
                "left over       \(leftover.ticketsSold) tickets sold in \(leftover.rounds) rounds to buyers who had "
                    + "been refused")
        }
        if load.tickets > 0 {
            lines.append(
                "sold            \(ticketsSold) of \(load.tickets); \(leftover.buyersLeftWaiting) buyers went home "
                    + "without")
        }
        lines.append(generatorLine)
        for reason in invalidBecause { lines.append("INVALID         \(reason)") }
        if !valid { lines.append("                the figures are the generator's, not the service's") }
        for result in thresholds {
            lines.append(
                "\(result.holds ? "holds" : "MISSED")".padding(toLength: 16, withPad: " ", startingAt: 0)
                    + "\(result.threshold): \(result.measuredText)")
        }
        if load.tickets > 0 {
            lines.append(
                violations.isEmpty
                    ? "audit           \(audit.judged.joined(separator: " ")) hold over \(operations) operations; "
                        + "\(keysReplayed) keys sent again"
                    : "audit           \(violations.count) VIOLATIONS over \(operations) operations")
            if !audit.notJudged.isEmpty {
                lines.append("not judged      \(audit.notJudged.joined(separator: " ")): needs the service's books")
            }
        }
        return (lines + violations.map(\.description)).joined(separator: "\n")
    }

    private var generatorLine: String {
        String(
            format: "generator       %.2f cores, %.1f CPU s, %.0f MB; %d late sends (worst %.1f ms), "
                + "%d held back by busy connections, %d of them without time left; timers late by %.1f ms (p99); "
                + "%d requests lost, %d purchases retried",
            generatorCores, generator.cpuSeconds, generator.peakMemoryMB, generator.lateSends,
            generator.worstLatenessMs, generator.heldBack, generator.starved, generator.loopLagP99Ms,
            generator.lostRequests, generator.purchaseRetries)
    }

    private static func number(_ value: Double) -> String { String(format: "%.0f", value) }
}
