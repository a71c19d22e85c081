import Foundation

/// What the load generator writes with `--json`, as far as it is needed here.
struct LoadResult: Decodable, Sendable {
    struct Violation: Decodable, Sendable {
        let invariant: String
        let message: String
        let orders: [String]
    }

    let accepted: Int
    let acceptedEachSecond: [Int]
    let startedAt: Double
    let confirmed: Int
    let cancelled: Int
    let unresolved: Int
    let abandonedByCode: [String: Int]
    let ordersRecovered: Int
    let ticketsSold: Int
    let violations: [Violation]
}

/// The result of a run.
struct ChaosReport: Sendable {
    /// The accept rate is full again from the first of so many seconds that bring, together, so much of what was offered:
    /// arrivals are random, and three seconds of them seldom differ by a tenth from their mean.
    private static let window = 3
    private static let fullRate = 0.9

    let seed: UInt64
    let seconds: Int
    let rate: Int
    let faults: [Fault]
    let lastHeal: Date
    let load: LoadResult
    /// What was found beside the load generator's audit.
    let leftOver: [String]

    /// Everything that must not be.
    var violations: [String] {
        load.violations.map { "\($0.invariant) \($0.message)\n    " + $0.orders.joined(separator: "\n    ") } + leftOver
    }

    /// Buyers who have no answer.
    var unknown: Int { load.unresolved + load.abandonedByCode.values.reduce(0, +) }

    var isClean: Bool { violations.isEmpty && unknown == 0 && (secondsToFullRate ?? .infinity) <= 5 }

    /// From the last heal until as many are accepted as come; nil when that never was so.
    var secondsToFullRate: Double? {
        let healed = max(0, lastHeal.timeIntervalSince1970 - load.startedAt)
        let each = load.acceptedEachSecond
        let wanted = Double(rate * ChaosReport.window) * ChaosReport.fullRate
        for second in Int(healed.rounded(.up))..<max(each.count - ChaosReport.window, Int(healed.rounded(.up))) {
            let accepted = each[second..<second + ChaosReport.window].reduce(0, +)
            if Double(accepted) >= wanted { return Double(second) - healed }
        }
        return nil
    }

    var text: String {
        let kinds = Fault.Kind.allCases.map { kind in "\(kind.rawValue) \(faults.count { $0.kind == kind })" }
        let recovered = load.ordersRecovered > 0 ? ", \(load.ordersRecovered) of them found again by receipts" : ""
        return
            ([
                "seed            \(seed), \(seconds) s at \(rate) purchases a second",
                "faults          \(faults.count): " + kinds.joined(separator: ", "),
                "accepted        \(load.accepted)\(recovered)",
                "confirmed       \(load.confirmed); cancelled \(load.cancelled); unknown \(unknown); "
                    + "\(load.ticketsSold) tickets sold",
                "full rate again "
                    + (secondsToFullRate.map { String(format: "%.1f s after the last heal", $0) } ?? "never"),
                "violations      \(violations.count)",
            ] + violations).joined(separator: "\n")
    }
}
