import InventoryStore
package import Ticketing

/// What one event's comparisons, one after the other, prove and allow. State only: no I/O, no clock.
///
/// A difference is proven when two comparisons in turn find the same; it is what a sale leaves alone, as every step of it
/// moves units from one counted place to another.
///
/// The repair is a new load under a new epoch, never a correction in place. It is right by its own rules and not by the
/// comparison: its figure is read while no commit is under way, it takes over the releases that wait, and `load.lua`
/// waits until nothing is left on the stream from before. A comparison that was wrong would cost an interruption and
/// never a ticket. Because it does interrupt the sale, for as long as the entries on the stream take, it is not begun
/// where units are only missing while others of them are being sold, nor soon after the last one.
package struct DriftWatch: Sendable {
    /// What is wrong with the event.
    package struct Finding: Hashable, Sendable {
        /// See `StockComparison`.
        package var surplus = 0
        package var buyers: [UserID: Int] = [:]
        package var isOutdated = false
        package var isUnloaded = false
        package var isUnreadable = false

        /// Whether it breaks a promise by each further sale: an order accepted for nothing, or a buyer above the limit.
        var isUrgent: Bool {
            surplus > 0 || buyers.values.contains { $0 < 0 } || isOutdated || isUnloaded || isUnreadable
        }

        /// How much of each kind there is: units, buyers, or the event itself.
        package var amounts: [DriftKind: Int] {
            [
                .surplus: max(0, surplus), .missing: max(0, -surplus), .buyers: buyers.count,
                .outdated: isOutdated ? 1 : 0, .unloaded: isUnloaded ? 1 : 0, .unreadable: isUnreadable ? 1 : 0,
            ].filter { $0.value > 0 }
        }
    }

    package enum Verdict: Hashable, Sendable {
        case balanced
        case hindered(StockComparison.Hindrance)
        /// Seen once: to be looked at again.
        case suspected(Finding)
        /// Proven, and not to be repaired now.
        case refused(Finding, Refusal)
        /// Proven: to be loaded anew.
        case reload(Finding)
    }

    package enum Refusal: String, Hashable, Sendable, CaseIterable {
        case onTheWay = "on_the_way"
        case repairedLately = "repaired_lately"

        package var explanation: String {
            switch self {
            case .onTheWay: "orders of this event are undelivered; a load would interrupt their sale"
            case .repairedLately: "it was loaded anew a moment ago"
            }
        }
    }

    /// Comparisons after a repair in which there is none again: a minute at the default interval.
    package static let pause = 12

    private var last: Finding?
    private var pauseLeft = 0

    package init() {}

    /// What was found last and not disproved since, proven or not.
    package var finding: Finding? { last }

    package mutating func note(_ outcome: StockComparison.Outcome) -> Verdict {
        defer { pauseLeft = max(0, pauseLeft - 1) }
        var finding = Finding()
        var isOnTheWay = false
        switch outcome {
        case .hindered(let hindrance): return .hindered(hindrance)
        case .outdated: finding.isOutdated = true
        case .unloaded: finding.isUnloaded = true
        case .unreadable: finding.isUnreadable = true
        case .compared(let comparison):
            finding.surplus = comparison.surplus
            finding.buyers = comparison.buyers
            isOnTheWay = comparison.redis.inFlight > 0
        }
        guard finding != Finding() else {
            last = nil
            return .balanced
        }
        guard finding == last else {
            last = finding
            return .suspected(finding)
        }
        if pauseLeft > 0 { return .refused(finding, .repairedLately) }
        if isOnTheWay && !finding.isUrgent { return .refused(finding, .onTheWay) }
        pauseLeft = DriftWatch.pause + 1
        last = nil
        return .reload(finding)
    }
}
