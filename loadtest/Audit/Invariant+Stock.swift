import Ticketing

/// Promises about units: sums over the books.
extension Invariant {
    static let noOversell = Invariant.either("I1", "never one ticket more than there is") { history, books in
        // What buyers were told counts as well as what was written down.
        let told = history.purchases.lazy.filter { $0.state == .ended(.confirmed) }.map(\.quantity).reduce(0, +)
        var refunded = 0
        var violations: [Violation] = []
        if let books {
            refunded = books.orders.lazy.filter { $0.status == .refunded }.map(\.quantity).reduce(0, +)
            if books.soldUnits > history.capacity {
                violations.append(
                    Violation(
                        "I1", "\(books.soldUnits) tickets are sold of \(history.capacity)", orders: newest(books)))
            }
        }
        if told - refunded > history.capacity {
            violations.append(Violation("I1", "\(told) tickets were confirmed to buyers of \(history.capacity)"))
        }
        return violations
    }

    static let conservation = Invariant.books("I2", "available + in flight + sold = capacity") { _, books in
        let ledger = books.ledger
        guard let redis = ledger.redis else {
            return [Violation("I2", "the ledger shows no stock in Redis")]
        }
        let held = ledger.postgres.pending + ledger.postgres.sold
        var violations: [Violation] = []
        if redis.available + redis.inFlight + held != ledger.capacity {
            violations.append(
                Violation(
                    "I2",
                    "Redis has \(redis.available) available and \(redis.inFlight) in flight, Postgres holds \(held): "
                        + "\(redis.available + redis.inFlight + held) of \(ledger.capacity)"))
        }
        if ledger.postgres.available + held != ledger.capacity {
            violations.append(
                Violation(
                    "I2",
                    "Postgres has \(ledger.postgres.available) available and holds \(held) of \(ledger.capacity)"))
        }
        if !ledger.isAtRest {
            violations.append(
                Violation(
                    "I2",
                    "the ledger did not come to rest: balanced \(ledger.balanced), \(ledger.postgres.pending) pending, "
                        + "\(redis.inFlight) in flight"))
        }
        if held != books.heldUnits || ledger.capacity != books.total {
            violations.append(
                Violation(
                    "I2",
                    "the ledger says \(held) held of \(ledger.capacity), the tables say \(books.heldUnits) of "
                        + "\(books.total)"))
        }
        return violations
    }

    static let noUndersell = Invariant.books("I3", "the last ticket sells") { history, books in
        let waiting = history.buyersLeftWaiting
        guard !waiting.isEmpty, books.soldUnits < books.total else { return [] }
        return [
            Violation(
                "I3",
                "\(books.total - books.soldUnits) of \(books.total) tickets are unsold; \(waiting.count) buyers were "
                    + "told sold_out",
                orders: waiting.sorted().lazy.map { "buyer \(history.buyers[$0])" })
        ]
    }

    static let cancelledReturnsOnce = Invariant.books("I13", "a cancelled order returns its units exactly once") {
        _, books in
        let expected = books.total - books.heldUnits
        let ended = books.orders.lazy.filter { !$0.status.holdsStock }.map(\.id.description)
        var violations: [Violation] = []
        if books.available != expected {
            violations.append(
                Violation("I13", difference(books.available, expected, in: "Postgres"), orders: ended))
        }
        // Too few in Redis is a reservation for nobody (I14).
        if let redis = books.ledger.redis, redis.available > expected {
            violations.append(Violation("I13", difference(redis.available, expected, in: "Redis"), orders: ended))
        }
        return violations
    }

    static let refusalReservesNothing = Invariant.books("I14", "a refusal leaves no reservation") {
        history, books in
        var violations: [Violation] = []
        // Units that are gone from Redis, less those of orders that somebody was told of.
        let inBooks = Set(books.orders.lazy.map(\.id))
        let owed = history.purchases.lazy
            .filter { $0.state == .accepted && !($0.order.map(inBooks.contains) ?? false) }.map(\.quantity)
            .reduce(0, +)
        let uncertain = history.uncertain.lazy.map(\.quantity).reduce(0, +)
        if let redis = books.ledger.redis {
            let missing = books.total - redis.available - books.heldUnits - owed
            if missing > uncertain {
                violations.append(Violation("I14", "\(missing) tickets are reserved in Redis for nobody"))
            }
        }
        let refused = Set(history.purchases.lazy.map { history.buyers[$0.buyer] })
            .subtracting(
                history.purchases.lazy.filter { $0.wasAccepted || $0.mayHaveReached }
                    .map { history.buyers[$0.buyer] })
        let holding = books.orders.filter { refused.contains($0.buyer) && !history.earlierOrders.contains($0.id) }
        if !holding.isEmpty {
            violations.append(
                Violation(
                    "I14", "\(holding.count) orders belong to buyers who were only ever refused",
                    orders: holding.lazy.map(\.id.description)))
        }
        return violations
    }

    private static func newest(_ books: SaleSnapshot) -> some Sequence<String> {
        books.orders.reversed().lazy.filter { $0.status == .confirmed || $0.status == .paid }.map(\.id.description)
    }

    private static func difference(_ found: Int, _ expected: Int, in place: String) -> String {
        let kind = found > expected ? "returned more than once" : "not returned"
        return "\(place) has \(found) available where \(expected) are free: \(abs(found - expected)) were \(kind)"
    }
}
