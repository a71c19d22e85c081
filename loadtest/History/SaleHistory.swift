import Ticketing

/// Everything the generator did and was told: one half of what the audit compares.
struct SaleHistory: Sendable {
    /// nil when nothing was sold, or by a service whose events have no id of ours.
    var event: EventID?
    var capacity: Int
    var limitPerBuyer: Int
    /// By the index that visits use.
    var buyers: [UserID]
    /// Visits of every kind, by number.
    var visits: [Visit] = []
    /// What became of each purchase, as it follows from the operations.
    var purchases: [Purchase]
    /// Every request, by the time it was written.
    var operations: [Operation] = []
    var replays: [KeyReplay] = []
    /// Orders the event had before this run, when an event is used again, and the units they hold.
    var earlierOrders: Set<OrderID> = []
    var earlierUnits = 0
    /// See `Scenario.queueToleranceSeconds`.
    var queueTolerance = Duration.seconds(2)
    /// Operations that were not kept because there were too many: such a history cannot be judged.
    var droppedOperations = 0

    /// Purchases that may be in the books although no 202 was seen: their last word was no definite answer. One that
    /// was refused in the end is not among them, whatever was lost before: its key would have been answered by its
    /// order.
    var uncertain: [Purchase] {
        purchases.filter { purchase in
            guard purchase.mayHaveReached, !purchase.wasAccepted else { return false }
            if case .refused = purchase.state { return false }
            return true
        }
    }

    /// Buyers whose last answer was `sold_out`: the demand that is left.
    var buyersLeftWaiting: Set<Int> {
        var last: [Int: Purchase] = [:]
        for purchase in purchases where purchase.wave >= last[purchase.buyer]?.wave ?? 0 {
            last[purchase.buyer] = purchase
        }
        return Set(last.values.lazy.filter { $0.state == .refused("sold_out") }.map(\.buyer))
    }
}
