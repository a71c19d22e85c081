import Foundation
@testable import InventoryWorker
import OrderRepository
import Payments
import Testing
import Ticketing

struct SettlementQueueTests {
    private static func intents(_ count: Int) -> [Intent] { (0..<count).map { .number($0) } }

    private static func confirmed(_ intent: Intent) -> SettledOrder {
        SettledOrder(id: intent.order, status: .confirmed, reason: nil, tickets: [])
    }

    @Test func `Orders that are offered are handed out once`() {
        var queue = SettlementQueue(capacity: 10)
        queue.offer(Self.intents(3))
        #expect(queue.takeNewcomers() == Self.intents(3))
        #expect(queue.takeNewcomers().isEmpty)
        #expect(queue.inFlightCount == 3)
        #expect(queue.room == 7)
    }

    @Test func `An order that is under way is not taken in again`() {
        var queue = SettlementQueue(capacity: 10)
        queue.offer(Self.intents(2) + Self.intents(2))
        #expect(queue.takeNewcomers().count == 2)
        queue.offer(Self.intents(3))
        #expect(queue.takeNewcomers() == [.number(2)])
    }

    @Test func `Orders beyond the capacity are left out until there is room`() {
        var queue = SettlementQueue(capacity: 3)
        queue.offer(Self.intents(5))
        #expect(queue.takeNewcomers() == Self.intents(3))
        #expect(queue.room == 0)
        queue.settled([Intent.number(1).order], as: [Self.confirmed(.number(1))])
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

    @Test func `An order is under way until it is settled and idle only when it is published`() {
        var queue = SettlementQueue(capacity: 10)
        #expect(queue.isIdle)
        queue.offer([.number(0)])
        _ = queue.takeNewcomers()
        queue.complete(Settlement(.number(0), nil))
        _ = queue.takeOutcomes(limit: 10)
        #expect(!queue.isIdle)
        queue.settled([Intent.number(0).order], as: [Self.confirmed(.number(0))])
        #expect(queue.inFlightCount == 0)
        #expect(!queue.isIdle)
        #expect(queue.toPublish == [Self.confirmed(.number(0))])
        queue.published(1)
        #expect(queue.isIdle)
    }

    @Test func `An order that no longer exists is forgotten and nothing of it is published`() {
        var queue = SettlementQueue(capacity: 10)
        queue.offer([.number(0)])
        queue.settled([Intent.number(0).order], as: [])
        #expect(queue.isIdle)
        #expect(queue.toPublish.isEmpty)
    }

    @Test func `What came while others were published is kept`() {
        var queue = SettlementQueue(capacity: 10)
        queue.settled([Intent.number(0).order], as: [Self.confirmed(.number(0))])
        let publishing = queue.toPublish
        queue.settled([Intent.number(1).order], as: [Self.confirmed(.number(1))])
        queue.published(publishing.count)
        #expect(queue.toPublish == [Self.confirmed(.number(1))])
    }

    @Test func `An order whose settlement got no answer is uncertain, beyond a restart, until it is resolved`() {
        var queue = SettlementQueue(capacity: 10)
        queue.offer(Self.intents(2))
        queue.complete(Settlement(.number(0), nil))
        queue.complete(Settlement(.number(1), nil))
        #expect(queue.uncertain.isEmpty)
        _ = queue.takeOutcomes(limit: 10)
        queue.settled([Intent.number(0).order], as: [Self.confirmed(.number(0))])
        queue.restart()
        #expect(queue.uncertain == [Intent.number(1).order])
        queue.resolved(queue.uncertain, as: [Self.confirmed(.number(1))])
        #expect(queue.uncertain.isEmpty)
        #expect(queue.toPublish.map(\.id) == [Intent.number(0).order, Intent.number(1).order])
    }

    @Test func `A restart forgets the charges and keeps what must still be published`() {
        var queue = SettlementQueue(capacity: 2)
        queue.offer(Self.intents(2))
        _ = queue.takeNewcomers()
        queue.complete(Settlement(.number(0), nil))
        queue.settled([], as: [Self.confirmed(.number(7))])
        queue.restart()
        #expect(queue.room == 2)
        #expect(queue.takeNewcomers().isEmpty)
        #expect(queue.takeOutcomes(limit: 10).isEmpty)
        #expect(queue.toPublish == [Self.confirmed(.number(7))])
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
