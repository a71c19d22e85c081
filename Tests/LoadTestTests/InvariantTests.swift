import Testing
import Ticketing

@testable import LoadTest

/// Each invariant finds what it is there for: the sample sale passes, and one change breaks it.
@Suite("Audit")
struct InvariantTests {
    var sale = SampleSale()

    @Test("A sale that went well has no violation")
    func goodSale() {
        #expect(Invariant.audit(sale.history, sale.books).violations == [])
    }

    @Test("I1: one ticket sold too many is an oversell")
    mutating func oversell() {
        sale.books.orders.append(SampleSale.row(SampleSale.order(9), UserID(), 1, .confirmed))
        #expect(sale.broken.contains("I1"))
    }

    @Test("I1: tickets confirmed to buyers count even when the tables know nothing of them")
    mutating func oversellByWord() {
        sale.history.purchases[4].state = .ended(.confirmed)
        sale.history.purchases[4].order = SampleSale.order(4)
        #expect(sale.broken.contains("I1"))
    }

    @Test("I2: a unit missing in Redis breaks conservation", arguments: [-1, 1])
    mutating func conservation(difference: Int) {
        sale.books.ledger.redis?.available += difference
        #expect(sale.broken.contains("I2"))
    }

    @Test("I2: a ledger that never comes to rest is reported")
    mutating func notAtRest() {
        sale.books.ledger.balanced = false
        #expect(sale.broken == ["I2"])
    }

    @Test("I2: a ledger without the event's stock in Redis is reported")
    mutating func noStock() {
        sale.books.ledger.redis = nil
        #expect(sale.broken == ["I2"])
    }

    @Test("I3: stock left while a refused buyer still wants it is an undersell")
    mutating func undersell() {
        sale.books.orders.removeLast(2)
        #expect(sale.broken.contains("I3"))
        sale.history.purchases.removeAll { $0.state == .refused("sold_out") }
        #expect(!sale.broken.contains("I3"))
    }

    @Test("I3: a buyer who was served in a later round no longer waits")
    mutating func servedLater() {
        var again = Purchase(Visit(number: 9, wave: 2, buyer: 4, quantity: 1, intendedAt: 50))
        again.state = .ended(.confirmed)
        sale.history.purchases.append(again)
        #expect(sale.history.buyersLeftWaiting.isEmpty)
    }

    @Test("I4: an accepted order that never ends is found")
    mutating func neverEnds() {
        sale.history.purchases[0].state = .accepted
        #expect(sale.broken == ["I4"])
    }

    @Test("I4: a confirmed order without a row is lost, and so is a cancelled one", arguments: [0, 3])
    mutating func lostOrder(place: Int) {
        sale.books.orders.remove(at: place)
        #expect(sale.broken.contains("I4"))
    }

    @Test("I4: an order that changed after its end is found, a refund is not a change")
    mutating func changedOrder() {
        let first = sale.books.orders[0]
        sale.books.orders[0] = SampleSale.row(first.id, first.buyer, first.quantity, .cancelled)
        #expect(sale.broken.contains("I4"))
        sale.books.orders[0] = SampleSale.row(first.id, first.buyer, first.quantity, .refunded)
        #expect(!sale.broken.contains("I4"))
    }

    @Test("I5: a recorded order that nobody was promised is a phantom")
    mutating func phantom() {
        sale.books.orders.append(SampleSale.row(SampleSale.order(9), UserID(), 1, .cancelled))
        #expect(sale.broken == ["I5"])
    }

    @Test("I5: one order per lost answer, and orders from before the run, are no phantoms")
    mutating func explained() {
        let buyer = sale.history.buyers[4]
        sale.history.purchases[4].state = .unresolved
        sale.history.purchases[4].mayHaveReached = true
        sale.books.orders.append(SampleSale.row(SampleSale.order(9), buyer, 1, .cancelled))
        sale.books.orders.append(SampleSale.row(SampleSale.order(10), UserID(), 1, .cancelled))
        sale.history.earlierOrders = [SampleSale.order(10)]
        #expect(sale.broken == [])
        sale.books.orders.append(SampleSale.row(SampleSale.order(11), buyer, 1, .cancelled))
        #expect(sale.broken == ["I5"])
    }

    @Test("I6: two orders of one buyer count together against the limit")
    mutating func limit() {
        let second = sale.books.orders[2]
        sale.books.orders[2] = SampleSale.row(second.id, sale.history.buyers[0], second.quantity, .confirmed)
        #expect(sale.broken == ["I6"])
    }

    @Test("I7: a key sent again that names another order is found")
    mutating func otherOrder() {
        replaceReplay(.accepted(SampleSale.order(1), etag: nil), 422, "idempotency_key_reused")
        #expect(sale.broken == ["I7"])
    }

    @Test("I7: a key taken again with another body is found", arguments: [(202, nil), (422, "validation_failed")])
    mutating func reused(status: Int, code: String?) {
        replaceReplay(.accepted(SampleSale.order(0), etag: nil), status, code)
        #expect(sale.broken == ["I7"])
    }

    @Test("I7: one order for two keys is found")
    mutating func sharedOrder() {
        sale.history.purchases[1].order = sale.history.purchases[0].order
        #expect(sale.broken.contains("I7"))
    }

    @Test(
        "I8: two charges, a wrong amount, a cancelled order that was charged and what only the provider knows are found",
        arguments: 0..<5)
    mutating func charges(kind: Int) {
        let place = [0, 0, 3, 3, 0][kind]
        let row = sale.books.orders[place]
        let payment = [
            SaleSnapshot.OrderRow.Payment(due: 400, charges: 2, charged: 800),
            SaleSnapshot.OrderRow.Payment(due: 400, charges: 1, charged: 300),
            SaleSnapshot.OrderRow.Payment(due: 100, charges: 1, charged: 100),
            SaleSnapshot.OrderRow.Payment(due: 100, taken: 100),
            SaleSnapshot.OrderRow.Payment(due: 400, charges: 1, charged: 400, taken: 0),
        ][kind]
        sale.books.orders[place] = SaleSnapshot.OrderRow(
            id: row.id, buyer: row.buyer, quantity: row.quantity, status: row.status, tickets: row.tickets,
            payment: payment)
        #expect(sale.broken == ["I8"])
    }

    @Test("I8: a free order is right without a charge, and only so")
    mutating func freeOrder() {
        let row = sale.books.orders[0]
        for (charges, isRight) in [(0, true), (1, false)] {
            sale.books.orders[0] = SaleSnapshot.OrderRow(
                id: row.id, buyer: row.buyer, quantity: row.quantity, status: row.status, tickets: row.tickets,
                payment: .init(due: 0, charges: charges, taken: 0))
            #expect((sale.broken == []) == isRight)
        }
    }

    @Test("I13: units returned twice or not at all are found", arguments: [1, -1])
    mutating func returns(difference: Int) {
        sale.books.available += difference
        #expect(sale.broken == ["I13"])
    }

    @Test("I13: units that came back to Redis twice are found")
    mutating func returnedTwiceToRedis() {
        sale.books.ledger.redis?.available += 1
        #expect(sale.broken.contains("I13"))
    }

    @Test("I14: stock gone from Redis that no order accounts for is found")
    mutating func leakedReservation() {
        // The sale of 10 becomes one of 12 with Redis empty.
        sale.history.capacity = 12
        sale.books.total = 12
        #expect(sale.broken.contains("I14"))
    }

    @Test("I14: an order of a buyer who was only refused is found")
    mutating func refusedButRecorded() {
        sale.books.orders.append(SampleSale.row(SampleSale.order(9), sale.history.buyers[4], 1, .cancelled))
        #expect(sale.broken.contains("I14"))
    }

    @Test("I16: a ticket too few or too many is found", arguments: [3, 5])
    mutating func tickets(count: Int) {
        let row = sale.books.orders[0]
        sale.books.orders[0] = SampleSale.row(row.id, row.buyer, row.quantity, .confirmed, tickets: count)
        #expect(sale.broken == ["I16"])
    }

    @Test("I16: a ticket on a cancelled order, and a code used twice, are found")
    mutating func ticketsOfCancelled() {
        let row = sale.books.orders[3]
        sale.books.orders[3] = SampleSale.row(row.id, row.buyer, row.quantity, .cancelled, tickets: 1)
        #expect(sale.broken == ["I16"])
        sale = SampleSale()
        sale.books.repeatedTicketCodes = [SampleSale.order(0)]
        #expect(sale.broken == ["I16"])
    }

    @Test("The audit judges what can be judged from outside, and a violation lists at most 20 orders")
    func listing() {
        let violation = Violation("I4", "many", orders: (0..<50).lazy.map(String.init))
        #expect(violation.orders.count == 20)
        #expect(
            Set(Invariant.all.map(\.code)) == [
                "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I13", "I14", "I16",
            ])
    }

    private mutating func replaceReplay(_ same: PurchaseAnswer, _ status: Int, _ code: String?) {
        sale.history.replays = [
            KeyReplay(order: SampleSale.order(0), sameBody: same, otherBodyStatus: status, otherBodyCode: code)
        ]
    }
}
