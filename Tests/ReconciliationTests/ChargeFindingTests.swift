import OrderRepository
import Testing
import Ticketing

@testable import Reconciliation

/// I8: a captured charge ends in tickets or in a refund.
struct ChargeFindingTests {
    private func finding(
        _ status: OrderStatus, age: Duration = .zero, refundAge: Duration? = nil, void: ChargeStanding.Void = .none
    ) -> ChargeFinding? {
        ChargeFinding(ChargeStanding(status: status, age: age, refundAge: refundAge, void: void), limit: .seconds(60))
    }

    @Test("Tickets, a refund and a message on its way are ends")
    func ends() {
        #expect(finding(.confirmed) == nil)
        #expect(finding(.confirmed, age: .seconds(90)) == nil)
        #expect(finding(.cancelled, refundAge: .zero) == nil)
        #expect(finding(.refunded, refundAge: .seconds(60)) == nil)
        #expect(finding(.cancelled, void: .waiting) == nil)
    }

    @Test("A cancelled order's charge that nothing ends is to be ended; one whose message is dead is a person's work")
    func unended() {
        #expect(finding(.cancelled) == .unended)
        #expect(finding(.refunded) == .unended)
        #expect(finding(.cancelled, void: .dead) == .dead)
    }

    @Test("A refund that the provider does not know any more long after it was made has bounced")
    func bounced() {
        #expect(finding(.refunded, refundAge: .seconds(61)) == .bounced)
        #expect(finding(.refunded, refundAge: .seconds(61), void: .waiting) == nil)
    }

    @Test("A pending order is under way until long after its hold; an unknown one never")
    func others() {
        #expect(finding(.pending, age: .seconds(60)) == nil)
        #expect(finding(.pending, age: .seconds(61)) == .unconfirmed)
        #expect(finding(.paid, age: .seconds(61)) == .unconfirmed)
        #expect(ChargeFinding(nil, limit: .seconds(60)) == .unknown)
    }
}
