import Foundation
@testable import InventoryWorker
import OrderRepository
import Payments
import Testing
import Ticketing

struct SettlementQueueTests {
    private static func intents(_ count: Int) -> [Intent] { (0..<count).map { .number($0) } }

    @Test func `Orders that are offered are handed out once`() {
        var queue = SettlementQueue(capacity: 10)
        queue.offer(Self.intents(3))
        #expect(queue.takeNewcomers() == Self.intents(3))
        #expect(queue.takeNewcomers().isEmpty)
        #expect(queue.room == 7)
    }

    @Test func `An order that is under way is not taken in again`() {
        var queue = SettlementQueue(capacity: 10)
        #expect(queue.offer(Self.intents(2) + Self.intents(2)) == 2)
        #expect(queue.takeNewcomers().count == 2)
        queue.offer(Self.intents(3))
        #expect(queue.takeNewcomers() == [.number(2)])
    }

    @Test func `Orders beyond the capacity are left out until there is room`() {
        var queue = SettlementQueue(capacity: 3)
        queue.offer(Self.intents(5))
        #expect(queue.takeNewcomers() == Self.intents(3))
        #expect(queue.room == 0)
        queue.finish([Intent.number(1).order])
        #expect(queue.room == 1)
        queue.offer(Self.intents(5).suffix(2))
        #expect(queue.takeNewcomers() == [.number(3)])
    }

    @Test func `Outcomes are taken in their order, so many at a time`() {
        var queue = SettlementQueue(capacity: 10)
        let settlements = Self.intents(5).map { Settlement($0, .captured(reference: "r")) }
        queue.offer(Self.intents(5))
        for settlement in settlements { queue.complete(settlement) }
        #expect(queue.takeOutcomes(limit: 2) == Array(settlements[..<2]))
        #expect(queue.takeOutcomes(limit: 2) == Array(settlements[2..<4]))
        #expect(queue.takeOutcomes(limit: 2) == Array(settlements[4...]))
        #expect(queue.takeOutcomes(limit: 2).isEmpty)
    }

    @Test func `An order is under way until it is done with`() {
        var queue = SettlementQueue(capacity: 10)
        #expect(queue.isIdle)
        queue.offer([.number(0)])
        _ = queue.takeNewcomers()
        queue.complete(Settlement(.number(0), nil))
        _ = queue.takeOutcomes(limit: 10)
        #expect(!queue.isIdle)
        queue.finish([Intent.number(0).order])
        #expect(queue.isIdle)
        #expect(queue.offer([.number(0)]) == 1, "an order that Postgres refused to settle is found again")
    }

    /// The charge of an order and the end of its charge may both come out.
    @Test func `Of two outcomes of one order the first counts`() {
        var queue = SettlementQueue(capacity: 10)
        queue.offer([.number(0)])
        let first = Settlement(.number(0), .captured(reference: "r"))
        queue.complete(first)
        #expect(!queue.isWanted(Intent.number(0).order))
        queue.complete(Settlement(.number(0), .declined(reference: "r")))
        #expect(queue.takeOutcomes(limit: 10) == [first])
        queue.complete(Settlement(.number(0), .declined(reference: "r")))
        #expect(queue.takeOutcomes(limit: 10).isEmpty, "also while the first is being committed")
        queue.finish([Intent.number(0).order])
        queue.offer([.number(0)])
        queue.complete(first)
        #expect(queue.takeOutcomes(limit: 10) == [first], "one that could not be settled is decided anew")
    }

    @Test func `A restart forgets the charges`() {
        var queue = SettlementQueue(capacity: 2)
        queue.offer(Self.intents(2))
        _ = queue.takeNewcomers()
        queue.complete(Settlement(.number(0), nil))
        queue.restart()
        #expect(queue.room == 2)
        #expect(queue.takeNewcomers().isEmpty)
        #expect(queue.takeOutcomes(limit: 10).isEmpty)
        queue.offer(Self.intents(2))
        #expect(queue.takeNewcomers() == Self.intents(2))
    }
}

struct SettlementTests {
    @Test func `A captured charge confirms the order with one ticket a unit`() {
        let settlement = Settlement(.number(1, quantity: 4), .captured(reference: "r1"))
        #expect(settlement.order.id == Intent.number(1).order)
        #expect(settlement.order.status == .confirmed)
        #expect(settlement.order.reason == nil)
        #expect(Set(settlement.order.tickets).count == 4)
        #expect(settlement.paymentReference == "r1")
    }

    @Test func `A declined charge cancels the order without tickets`() {
        let settlement = Settlement(.number(1, quantity: 4), .declined(reference: "r2"))
        #expect(settlement.order.status == .cancelled)
        #expect(settlement.order.reason == .paymentDeclined)
        #expect(settlement.order.tickets.isEmpty)
        #expect(settlement.paymentReference == "r2")
    }

    @Test func `An order with nothing to pay is confirmed without a payment`() {
        let settlement = Settlement(.number(1, quantity: 2), nil)
        #expect(settlement.order.status == .confirmed)
        #expect(settlement.order.tickets.count == 2)
        #expect(settlement.paymentReference == nil)
    }
}

extension Intent {
    private static let sampleEvent = EventID()

    /// An intent of its own order for each number, the same for the same number.
    static func number(_ number: Int, quantity: Int = 1) -> Intent {
        let bytes: uuid_t = (
            0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, UInt8(number >> 8 & 255), UInt8(number & 255)
        )
        return Intent(
            order: OrderID(UUID(uuid: bytes)), user: UserID(UUID(uuid: bytes)), event: sampleEvent, quantity: quantity,
            total: Money(amount: 4_500 * Int64(quantity), currency: .eur)!, paymentMethod: .standard)
    }
}
