import Ticketing

/// First come, first served (I11): whoever had the 202 before another one asked is served first.
extension Invariant {
    static let firstComeFirstServed = Invariant.either("I11", "first come, first served") { history, books in
        // An order that the service lost and took back by its receipt has lost its place with it.
        let moved = Set(history.operations.lazy.filter { $0.kind == .recover }.map(\.visit))
        let line = history.purchases.filter {
            $0.acceptedAt != nil && $0.attempts == 1 && !moved.contains($0.visit.number)
        }
        let sent = Dictionary(
            history.operations.lazy.filter { $0.kind == .purchase }.map { ($0.visit, $0.invokedAt) },
            uniquingKeysWith: min)
        var violations = books.map { overtakenInBooks(line, sent, $0) } ?? []
        if moved.isEmpty, !history.operations.contains(where: { $0.code == Operation.missing }) {
            violations += overtakenAsSeen(history, line, sent)
        }
        return violations
    }

    /// By the stream's entries and the times of their commits.
    private static func overtakenInBooks(
        _ purchases: [Purchase], _ sent: [Int: Instant], _ books: SaleSnapshot
    ) -> [Violation] {
        let rows = Dictionary(
            books.orders.lazy.compactMap { row in row.line.map { (row.id, $0) } }, uniquingKeysWith: { own, _ in own })
        var wrong: [String] = []
        overtaken(purchases, sent, by: { $0.order.flatMap { rows[$0] } }, isBefore: { $0.isBefore($1) }) {
            wrong.append("\($0) stands behind \($1)")
        }
        let orders = Set(purchases.lazy.compactMap(\.order))
        var late: [String] = []
        var latest: (order: OrderID, time: Int)?
        for row in books.orders.filter({ $0.line != nil }).sorted(by: {
            guard let own = $0.line, let other = $1.line else { return false }
            return own.isBefore(other)
        }) {
            guard let time = row.line?.committedAt else { continue }
            if let latest, time < latest.time, orders.contains(row.id), orders.contains(latest.order) {
                late.append("\(latest.order) was committed after \(row.id), which stood behind it")
            }
            if time >= latest?.time ?? .min { latest = (row.id, time) }
        }
        return [(wrong, "orders stand in line behind later ones"), (late, "orders were committed after later ones")]
            .filter { !$0.0.isEmpty }.map { Violation("I11", "\($0.0.count) \($0.1)", orders: $0.0) }
    }

    /// By what polls showed: an order that is still in line some time after a later one was seen to have left it.
    private static func overtakenAsSeen(
        _ history: SaleHistory, _ purchases: [Purchase], _ sent: [Int: Instant]
    ) -> [Violation] {
        let readings = history.readings
        // When each order was first seen to be out of the line, and last asked for and seen in it.
        var left: [OrderID: Instant] = [:]
        var queued: [OrderID: Instant] = [:]
        for (order, list) in readings {
            left[order] = list.first { !$0.isQueued }?.completedAt
            queued[order] = list.lazy.filter(\.isQueued).map(\.invokedAt).max()
        }
        let tolerance = history.queueTolerance.nanoseconds
        // Whoever was seen out of the line first, of those who asked after a given moment: from the back to the front.
        let byAsking = purchases.filter { $0.order.flatMap { left[$0] } != nil }
            .sorted { sent[$0.visit.number] ?? 0 < sent[$1.visit.number] ?? 0 }
        var first: [(asked: Instant, order: OrderID, left: Instant)] = []
        for purchase in byAsking.reversed() {
            guard let order = purchase.order, let time = left[order], let asked = sent[purchase.visit.number] else {
                continue
            }
            if time < first.last?.left ?? .max { first.append((asked, order, time)) }
        }
        first.reverse()
        var wrong: [String] = []
        for purchase in purchases {
            guard let order = purchase.order, let accepted = purchase.acceptedAt, let seen = queued[order],
                let other = next(after: accepted, in: first), other.left + tolerance < seen
            else { continue }
            wrong.append("\(order) was in line after \(other.order) had left it, which came later")
        }
        guard !wrong.isEmpty else { return [] }
        return [Violation("I11", "\(wrong.count) orders were overtaken by later ones", orders: wrong)]
    }

    /// The first entry that was asked for after `time`; entries ascend.
    private static func next(
        after time: Instant, in entries: [(asked: Instant, order: OrderID, left: Instant)]
    ) -> (asked: Instant, order: OrderID, left: Instant)? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].asked > time { high = middle } else { low = middle + 1 }
        }
        return low < entries.count ? entries[low] : nil
    }

    /// Calls `found` with orders and the later ones that stand before them. A purchase comes after all that had their
    /// 202 when it was sent; the furthest place among those is the one to be behind.
    private static func overtaken<Place>(
        _ purchases: [Purchase], _ sent: [Int: Instant], by place: (Purchase) -> Place?,
        isBefore: (Place, Place) -> Bool, _ found: (OrderID, OrderID) -> Void
    ) {
        let placed = purchases.filter { place($0) != nil }
        let accepted = placed.sorted { $0.acceptedAt ?? 0 < $1.acceptedAt ?? 0 }
        var next = 0
        var furthest: (order: OrderID, place: Place)?
        for purchase in placed.sorted(by: { sent[$0.visit.number] ?? 0 < sent[$1.visit.number] ?? 0 }) {
            guard let asked = sent[purchase.visit.number], let own = place(purchase), let order = purchase.order else {
                continue
            }
            while next < accepted.count, let time = accepted[next].acceptedAt, time < asked {
                if let other = place(accepted[next]), let id = accepted[next].order,
                    furthest.map({ isBefore($0.place, other) }) ?? true
                {
                    furthest = (id, other)
                }
                next += 1
            }
            if let furthest, isBefore(own, furthest.place) { found(furthest.order, order) }
        }
    }
}
