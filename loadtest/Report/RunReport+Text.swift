import Foundation

extension RunReport {
    /// The report as people read it.
    var text: String {
        var lines = [
            "event           \(eventId)",
            "offered         \(load.purchases) purchases of \(load.ticketsWanted) tickets at "
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
        lines += [
            "polls           \(polls), \(Self.number(pollsPerSecond))/s, \(pollsNotModified) not modified"
                + (pollsMissing > 0 ? ", \(pollsMissing) of unknown orders" : "")
                + (ordersRecovered > 0 ? ", \(ordersRecovered) lost orders put back by receipts" : ""),
            "sold out after  " + (secondsToSellOut.map { String(format: "%.2f s", $0) } ?? "never"),
            "accept          \(acceptLatency)",
            "refuse          \(refuseLatency)",
            "accept to final \(settleLatency)",
        ]
        if leftover.rounds > 0 {
            lines.append(
                "left over       \(leftover.ticketsSold) tickets sold in \(leftover.rounds) rounds to buyers who had "
                    + "been refused")
        }
        lines += [
            "sold            \(ticketsSold) of \(load.tickets); \(leftover.buyersLeftWaiting) buyers went home without",
            generatorLine,
        ]
        if generator.lateSends > 0 {
            lines.append(
                "                late sends: the generator did not keep up; the figures are not the service's alone"
            )
        }
        lines.append(
            violations.isEmpty
                ? "audit           every invariant holds; \(keysReplayed) keys sent again"
                : "audit           \(violations.count) VIOLATIONS")
        return (lines + violations.map(\.description)).joined(separator: "\n")
    }

    private var generatorLine: String {
        String(
            format: "generator       %.2f cores, %.1f CPU s, %.0f MB; %d late sends (worst %.1f ms), "
                + "%d held back by busy connections; %d requests lost, %d purchases retried",
            generator.cpuCores, generator.cpuSeconds, generator.peakMemoryMB, generator.lateSends,
            generator.worstLatenessMs, generator.heldBack, generator.lostRequests, generator.purchaseRetries)
    }

    private static func number(_ value: Double) -> String { String(format: "%.0f", value) }
}
