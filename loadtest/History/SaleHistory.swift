import Ticketing

/// Everything the generator did and was told: one half of what the audit compares.
struct SaleHistory: Sendable {
    var event: EventID
    var capacity: Int
    var limitPerBuyer: Int
    /// By the index that purchases use.
    var buyers: [UserID]
    var purchases: [Purchase]
    var replays: [KeyReplay] = []
    /// Orders the event had before this run, when an event is used again.
    var earlierOrders: Set<OrderID> = []

    /// Purchases that may be in the books although no 202 was seen: their last word was no definite answer. One that was
    /// refused in the end is not among them, whatever was lost before: its key would have been answered by its order.
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

/// What the service said when a key was sent again after the load.
struct KeyReplay: Sendable {
    let order: OrderID
    /// The answer to the same key and body.
    let sameBody: PurchaseAnswer
    /// Status and code of the answer to the same key with another body.
    let otherBodyStatus: Int
    let otherBodyCode: String?
}
