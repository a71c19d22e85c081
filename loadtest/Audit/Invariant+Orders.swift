import Ticketing

/// Promises about single orders.
extension Invariant {
    static let everyOrderEnds = Invariant.either("I4", "every accepted order reaches one final state") {
        unfinished($0, $1) + endedTwice($0)
    }

    private static func unfinished(_ history: SaleHistory, _ books: SaleSnapshot?) -> [Violation] {
        let rows = books.map {
            Dictionary($0.orders.lazy.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        }
        var open: [String] = []
        var lost: [String] = []
        var changed: [String] = []
        for purchase in history.purchases {
            guard let order = purchase.order else { continue }
            switch (purchase.state, rows?[order]) {
            case (.ended(let seen), let row?):
                // After its end an order may still be refunded, nothing else (invariant I9).
                if row != seen && !seen.canMove(to: row) { changed.append("\(order): said \(seen), is \(row)") }
            case (.ended(let seen), nil):
                if rows != nil { lost.append("\(order): said \(seen), no row") }
            case (_, let row):
                open.append("\(order)" + (rows == nil ? "" : row.map { ": the row says \($0)" } ?? ": no row"))
            }
        }
        return [
            (open, "accepted orders were never seen to end"),
            (lost, "orders ended for the buyer but were not recorded"),
            (changed, "orders changed after their end"),
        ].filter { !$0.0.isEmpty }.map { Violation("I4", "\($0.0.count) \($0.1)", orders: $0.0) }
    }

    /// Orders that were shown in two final states, a refund after the first aside.
    private static func endedTwice(_ history: SaleHistory) -> [Violation] {
        let twice = history.readings.filter { _, readings in
            let ends = Set(readings.compactMap(\.status).filter(\.isFinal)).subtracting([.refunded])
            return ends.count > 1
        }
        guard !twice.isEmpty else { return [] }
        return [
            Violation(
                "I4", "\(twice.count) orders were shown in more than one final state",
                orders: twice.keys.map(\.description).sorted())
        ]
    }

    static let noPhantom = Invariant.books("I5", "every recorded order was accepted") { history, books in
        let accepted = Set(history.purchases.lazy.compactMap(\.order))
        // A buyer whose answer was lost may have one order for each lost answer.
        var unanswered: [UserID: Int] = [:]
        for purchase in history.uncertain { unanswered[history.buyers[purchase.buyer], default: 0] += 1 }
        let phantoms = books.orders.filter { row in
            if accepted.contains(row.id) || history.earlierOrders.contains(row.id) { return false }
            guard let left = unanswered[row.buyer], left > 0 else { return true }
            unanswered[row.buyer] = left - 1
            return false
        }
        return phantoms.isEmpty
            ? []
            : [
                Violation(
                    "I5", "\(phantoms.count) recorded orders were never accepted",
                    orders: phantoms.lazy.map(\.id.description))
            ]
    }

    static let buyerLimit = Invariant.either("I6", "no buyer holds more than the limit") { history, books in
        guard let books else { return limitAsTold(history) }
        var held: [UserID: Int] = [:]
        for row in books.orders where row.status.holdsStock { held[row.buyer, default: 0] += row.quantity }
        let over = held.filter { $0.value > history.limitPerBuyer }
        guard !over.isEmpty else { return [] }
        return [
            Violation(
                "I6", "\(over.count) buyers hold more than \(history.limitPerBuyer) tickets",
                orders: books.orders.lazy.filter { over[$0.buyer] != nil }.map { "\($0.id) of buyer \($0.buyer)" })
        ]
    }

    /// What buyers were told, where nobody may look into the books.
    private static func limitAsTold(_ history: SaleHistory) -> [Violation] {
        var told: [Int: Int] = [:]
        for purchase in history.purchases where purchase.state == .ended(.confirmed) {
            told[purchase.buyer, default: 0] += purchase.quantity
        }
        let over = told.filter { $0.value > history.limitPerBuyer }
        guard !over.isEmpty else { return [] }
        return [
            Violation(
                "I6", "\(over.count) buyers were told of more than \(history.limitPerBuyer) tickets",
                orders: over.keys.sorted().lazy.map { "buyer \(history.buyers[$0])" })
        ]
    }

    static let sameKeySameOrder = Invariant.seen("I7", "a retry is the same order") { history in
        var keys: [OrderID: Int] = [:]
        for purchase in history.purchases { if let order = purchase.order { keys[order, default: 0] += 1 } }
        let shared = keys.filter { $0.value > 1 }.map { "\($0.key) for \($0.value) keys" }
        var otherOrder: [String] = []
        var reused: [String] = []
        for (visit, orders) in history.ordersByVisit where orders.count > 1 {
            otherOrder.append("visit \(visit): \(orders.map(\.description).sorted().joined(separator: ", "))")
        }
        for replay in history.replays {
            if replay.sameOrder != replay.order { otherOrder.append("\(replay.order): \(replay.said)") }
            if replay.otherBodyStatus != 422 || replay.otherBodyCode != "idempotency_key_reused" {
                reused.append("\(replay.order): \(replay.otherBodyStatus) \(replay.otherBodyCode ?? "")")
            }
        }
        return [
            (shared, "orders were given to more than one key"),
            (otherOrder, "keys sent again did not give the same order"),
            (reused, "keys sent with another body were not refused as reused"),
        ].filter { !$0.0.isEmpty }.map { Violation("I7", "\($0.0.count) \($0.1)", orders: $0.0) }
    }

    static let chargedOnce = Invariant.books("I8", "nobody pays twice, nobody pays for nothing") { _, books in
        let wrong = books.orders.filter { row in
            let payment = row.payment
            switch row.status {
            case .confirmed, .paid:
                return payment.charges != (payment.due > 0 ? 1 : 0) || payment.charged != payment.due
                    || payment.taken ?? payment.due != payment.due
            case .cancelled, .refunded:
                return payment.charges > 1 || payment.charges != payment.refunds
                    || payment.taken ?? 0 != 0
            case .pending: return payment.charges > 1
            }
        }
        guard !wrong.isEmpty else { return [] }
        return [
            Violation(
                "I8", "\(wrong.count) orders are not charged as they should be",
                orders: wrong.lazy.map {
                    "\($0.id): \($0.status), \($0.payment.charges) charges of \($0.payment.charged) for "
                        + "\($0.payment.due), \($0.payment.refunds) refunds"
                        + ($0.payment.taken.map { ", the provider took \($0)" } ?? "")
                })
        ]
    }

    static let ticketsMatchOrder = Invariant.books("I16", "a confirmed order has its tickets, with codes of their own")
    { _, books in
        let wrong = books.orders.filter { $0.tickets != ($0.status == .confirmed ? $0.quantity : 0) }
        var violations: [Violation] = []
        if !wrong.isEmpty {
            violations.append(
                Violation(
                    "I16", "\(wrong.count) orders do not have as many tickets as they should",
                    orders: wrong.lazy.map { "\($0.id): \($0.status), \($0.tickets) tickets of \($0.quantity)" }))
        }
        if !books.repeatedTicketCodes.isEmpty {
            violations.append(
                Violation(
                    "I16", "ticket codes are on more than one ticket",
                    orders: books.repeatedTicketCodes.lazy.map(\.description)))
        }
        return violations
    }
}
