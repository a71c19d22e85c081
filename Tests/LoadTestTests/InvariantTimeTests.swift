import Testing
import Ticketing

@testable import LoadTest

/// What may be said after what, by hand-written histories.
@Suite("Audit of times")
struct InvariantTimeTests {
    var sale = SampleSale()

    private static func poll(
        _ visit: Int, _ invoked: Instant, _ completed: Instant, _ status: OrderStatus, isQueued: Bool = false
    ) -> LoadTest.Operation {
        var operation = Operation(visit: visit, kind: .poll, invokedAt: invoked)
        operation.completedAt = completed
        operation.outcome = .ok
        operation.status = status
        operation.isQueued = isQueued
        return operation
    }

    private static func purchase(
        _ visit: Int, _ invoked: Instant, _ completed: Instant, order: Int? = nil, code: String? = nil
    ) -> LoadTest.Operation {
        var operation = Operation(visit: visit, kind: .purchase, invokedAt: invoked)
        operation.completedAt = completed
        operation.outcome = code == nil ? .ok : .refused
        operation.order = order.map { SampleSale.order($0) }
        operation.code = code
        return operation
    }

    @Test(
        "I9: pending after confirmed is found, unless the two readings overlap", arguments: [(30, true), (24, false)])
    mutating func olderState(invoked: Instant, isWrong: Bool) {
        sale.history.operations = [
            Self.poll(1, 20, 25, .confirmed), Self.poll(1, invoked, 40, .pending),
        ]
        #expect(sale.broken == (isWrong ? ["I9"] : []))
    }

    @Test("I9: a refund after the confirmation is no step back")
    mutating func refund() {
        sale.history.operations = [Self.poll(1, 20, 25, .confirmed), Self.poll(1, 30, 40, .refunded)]
        #expect(sale.broken == [])
    }

    @Test("I4: an order with two ends is found")
    mutating func twoEnds() {
        sale.history.operations = [Self.poll(1, 20, 25, .confirmed), Self.poll(1, 24, 40, .cancelled)]
        #expect(sale.broken == ["I4"])
    }

    @Test("I10: sold_out is true when the tickets may have been taken by the time of the answer")
    mutating func soldOut() {
        // Visit 5 wants 3 of 10; the first three took 4 + 4 + 2.
        let taken = (1...3).map { Self.purchase($0, Instant($0), 10, order: $0 - 1) }
        sale.history.operations = taken + [Self.purchase(5, 4, 12, code: "sold_out")]
        #expect(sale.broken == [])
        // The third is sent after the answer: 2 are left then, which are too few; without the second it is a lie.
        sale.history.operations = [taken[0], taken[1], Self.purchase(5, 4, 12, code: "sold_out")]
        #expect(sale.broken == [])
        sale.history.operations = [taken[0], Self.purchase(5, 4, 12, code: "sold_out")]
        #expect(sale.broken == ["I10"])
        // A purchase without an answer may have taken them.
        sale.history.operations.append(Operation(visit: 2, kind: .purchase, invokedAt: 11))
        #expect(sale.broken == [])
    }

    @Test("I11: an order that is committed, or stands in line, behind one that came later is found")
    mutating func line() {
        sale.history.operations = (1...4).map {
            Self.purchase($0, Instant($0) * 100, Instant($0) * 100 + 50, order: $0 - 1)
        }
        for place in 0..<4 {
            sale.history.purchases[place].acceptedAt = Instant(place + 1) * 100 + 50
            sale.books.orders[place].line = .init(milliseconds: 1, number: place, committedAt: place)
        }
        #expect(sale.broken == [])
        let good = sale.books
        sale.books.orders[3].line?.number = 0
        sale.books.orders[0].line?.number = 3
        #expect(sale.broken == ["I11"])
        sale.books = good
        sale.books.orders[3].line?.committedAt = 0
        #expect(sale.broken == ["I11"])
        // One that the service lost and took back has another place.
        sale.history.operations.append(Operation(visit: 4, kind: .recover, invokedAt: 900))
        #expect(sale.broken == [])
    }

    @Test("I11: purchases that overlap may be served in any order")
    mutating func overlap() {
        sale.history.operations = (1...2).map { Self.purchase($0, Instant($0) * 100, 500, order: $0 - 1) }
        for place in 0..<2 {
            sale.history.purchases[place].acceptedAt = 500
            sale.books.orders[place].line = .init(milliseconds: 1, number: 1 - place, committedAt: 1)
        }
        #expect(sale.broken == [])
    }

    @Test("Without books the invariants that need them are named as not judged")
    func withoutBooks() {
        let result = Invariant.audit(sale.history, nil)
        #expect(result.violations == [])
        #expect(result.notJudged == ["I2", "I3", "I5", "I8", "I13", "I14", "I16"])
    }
}
