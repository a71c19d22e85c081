import Ticketing

/// Promises about what may be said after what: they follow from the times at which requests were written and answers
/// read, so they hold whatever the network did in between.
extension Invariant {
    static let forwardOnly = Invariant.seen("I9", "states move forward only") { history in
        var wrong: [String] = []
        for (order, readings) in history.readings {
            // The latest end of a reading before which every other one counts as earlier.
            var earlier: [Operation] = []
            for reading in readings.sorted(by: { $0.invokedAt < $1.invokedAt }) {
                guard let status = reading.status else { continue }
                let before = earlier.first { other in
                    guard let end = other.completedAt, let seen = other.status, end < reading.invokedAt else {
                        return false
                    }
                    return seen != status && !reaches(seen, status)
                }
                if let seen = before?.status { wrong.append("\(order): \(seen), later \(status)") }
                // A state that was seen already adds nothing but the first time at which it was.
                if !earlier.contains(where: { $0.status == status && ($0.completedAt ?? .max) <= reading.invokedAt }) {
                    earlier.append(reading)
                }
            }
        }
        guard !wrong.isEmpty else { return [] }
        return [Violation("I9", "\(wrong.count) readings show an older state than one before", orders: wrong.sorted())]
    }

    /// Whether an order may get from one state to the other, in any number of steps.
    private static func reaches(_ first: OrderStatus, _ last: OrderStatus) -> Bool {
        var reached: Set<OrderStatus> = [first]
        for _ in OrderStatus.allCases {
            for status in OrderStatus.allCases where reached.contains(where: { $0.canMove(to: status) }) {
                reached.insert(status)
            }
        }
        return reached.contains(last)
    }

    static let truthfulSoldOut = Invariant.seen("I10", "sold_out is said only when too few are available") { history in
        let wanted = Dictionary(
            history.purchases.lazy.map { ($0.visit.number, $0.quantity) }, uniquingKeysWith: { own, _ in own })
        let held = UnitsHeld(history)
        var wrong: [String] = []
        for operation in history.operations where operation.code == "sold_out" && operation.outcome == .refused {
            guard operation.kind == .purchase, let end = operation.completedAt,
                let quantity = wanted[operation.visit]
            else { continue }
            // The most that can have been taken at any moment until the answer.
            let most = history.earlierUnits + held.most(before: end)
            if history.capacity - most >= quantity {
                wrong.append(
                    "visit \(operation.visit) wanted \(quantity): at least \(history.capacity - most) were available")
            }
        }
        guard !wrong.isEmpty else { return [] }
        return [Violation("I10", "sold_out was said \(wrong.count) times while tickets were left", orders: wrong)]
    }

    /// Units that purchases may have taken: what was accepted, or not answered, from the moment it was sent. What came
    /// back counts as taken all the same, so that nobody is accused who only was slow to give it back.
    private struct UnitsHeld {
        private var times: [Instant] = []
        private var sums: [Int] = []

        init(_ history: SaleHistory) {
            var first: [Int: Instant] = [:]
            for operation in history.operations where operation.kind == .purchase || operation.kind == .copy {
                if operation.outcome == .refused { continue }
                first[operation.visit] = min(first[operation.visit] ?? .max, operation.invokedAt)
            }
            var sum = 0
            for purchase in history.purchases.filter({ first[$0.visit.number] != nil })
                .sorted(by: { first[$0.visit.number] ?? 0 < first[$1.visit.number] ?? 0 })
            {
                sum += purchase.quantity
                times.append(first[purchase.visit.number] ?? 0)
                sums.append(sum)
            }
        }

        /// Of everything sent before that time.
        func most(before time: Instant) -> Int {
            var low = 0
            var high = times.count
            while low < high {
                let middle = (low + high) / 2
                if times[middle] < time { low = middle + 1 } else { high = middle }
            }
            return low == 0 ? 0 : sums[low - 1]
        }
    }
}
