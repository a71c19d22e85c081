import Foundation
import InventoryStore
import Mail
import OrderRepository
import Payments
import PostgresClient
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import Ticketing

@testable import InventoryWorker

@Suite(.timeLimit(.minutes(5)))
struct CancelledEventTests {
    /// 300 orders in every state there is; the worker is ended again and again while it gives them back.
    @Test func `A cancelled event gives every order's money back once, whatever state it was in`() async throws {
        try await PostgresSale.run(total: 2_000) { sale in
            let provider = SimulatedPaymentGateway(postgres: sale.postgres)
            try await provider.prepare()
            let users = try await sale.makeUsers(30)
            let methods = ["pm_accepted", "pm_accepted", "pm_declined", "pm_accepted", "pm_error_then_accepted"]
            try await PostgresSale.running(sale.services("first", provider)) {
                try await sale.open()
                for number in 0..<240 {
                    let intent = try await sale.buy(
                        1 + number % 3, by: users[number % 30], method: methods[number % methods.count])
                    if number % 10 == 9 { _ = try await sale.repository.cancel(intent.order, of: intent.user) }
                }
                try await eventually("all orders have ended", within: .seconds(120)) {
                    try await sale.count("ticket_orders", where: "status <> 'pending'") == 240
                }
                // Some were given back in part.
                for row in try await sale.sql(
                    """
                    SELECT o.id || ' ' || min(t.ticket_code) FROM ticket_orders o JOIN tickets t ON t.order_id = o.id
                    WHERE o.quantity = 3 AND o.status = 'confirmed' GROUP BY o.id LIMIT 20
                    """
                ).split(separator: "\n") {
                    let parts = row.split(separator: " ")
                    let decision = try await sale.repository.requestRefund(
                        RefundRequest(
                            order: try #require(OrderID(parts[0])), tickets: [try #require(TicketCode(parts[1]))],
                            reason: nil, key: nil, actor: sale.admin))
                    guard case .accepted = decision else {
                        Issue.record("a valid ticket was not refunded: \(decision)")
                        return
                    }
                }
                // These are under way when the event is cancelled.
                for number in 0..<60 {
                    _ = try await sale.buy(
                        1 + number % 2, by: users[number % 30], method: number % 2 == 0 ? "pm_slow" : "pm_accepted")
                }
                _ = try await sale.repository.cancelEvent(sale.event, reason: "storm", by: sale.admin)
            }
            // Each worker has a moment, and dies with something in hand.
            for number in 0..<6 {
                try await PostgresSale.running(sale.services("killed-\(number)", provider)) {
                    try await Task.sleep(for: .milliseconds(150))
                }
            }
            try await PostgresSale.running(sale.services("a", provider) + sale.services("b", provider)) {
                try await eventually("all is given back", within: .seconds(120)) {
                    let ended = try await sale.count("ticket_orders", where: "status IN ('cancelled', 'refunded')")
                    let waiting = try await sale.count("outbox", where: "kind <> 'release' AND delivered_at IS NULL")
                    return ended == 300 && waiting == 0
                }
                try await eventually("nothing waits to be told to Redis", within: .seconds(60)) {
                    try await sale.count("outbox", where: "delivered_at IS NULL") == 0
                }
            }
            // The provider's own ledger: all that was captured is given back, and nothing twice.
            #expect(
                try await sale.sql(
                    """
                    SELECT count(*) FROM simulated_provider.charges
                    WHERE status = 'captured' AND (refunded <> amount OR refunded_at IS NULL)
                    """) == "0")
            #expect(try await sale.count("simulated_provider.charges", where: "status = 'captured'") >= 150)
            #expect(
                try await sale.sql(
                    """
                    SELECT count(*) FROM simulated_provider.charges c
                    WHERE refunded <> coalesce((SELECT sum(amount) FROM simulated_provider.refunds r
                                                WHERE r.charge = c.idempotency_key), 0)
                    """) == "0")
            #expect(try await sale.count("refunds", where: "status <> 'refunded'") == 0)
            #expect(try await sale.count("tickets", where: "status = 'valid'") == 0)
            let refunds = try await sale.count("refunds")
            #expect(refunds >= 150)
            let voided = try await sale.count(
                "payments p",
                where: "kind = 'refund' AND NOT EXISTS (SELECT FROM refunds r WHERE r.order_id = p.order_id)")
            #expect(
                try await sale.count("payments", where: "kind = 'refund' AND status = 'refunded'") == refunds + voided)
            #expect(try await sale.count("mails", where: "kind = 'order_refunded'") == refunds + voided)
            #expect(
                try await sale.count(
                    "mails m",
                    where: """
                        kind = 'order_cancelled' AND EXISTS (
                            SELECT FROM refunds r WHERE r.order_id = m.order_id AND cause = 'event_cancelled')
                        """) == (try await sale.count("refunds", where: "cause = 'event_cancelled'")),
                "each buyer is told when the event is cancelled, not only when the money is on its way")
            let ledger = try #require(try await sale.repository.ledger(of: sale.event))
            #expect(ledger.isBalanced)
            #expect(ledger.available == 2_000)
            #expect(try await sale.inventory.stock(of: sale.event)?.available == 2_000)
            #expect(try await sale.count("audit_log", where: "action = 'event.cancel'") == 1)
        }
    }

    @Test func `A cancelled event cannot be changed or opened again, and is cancelled once`() async throws {
        try await PostgresSale.run(total: 10) { sale in
            let first = try await sale.repository.cancelEvent(sale.event, reason: "storm", by: sale.admin)
            let second = try await sale.repository.cancelEvent(sale.event, reason: "again", by: sale.admin)
            #expect(first == second)
            #expect(first?.details.saleState == .closed)
            #expect(try await sale.sql("SELECT cancel_reason FROM events") == "storm")
            await #expect(throws: RepositoryError.self) {
                try await sale.repository.updateEvent(sale.event, by: sale.admin) { $0.saleState = .open }
            }
            #expect(try await sale.repository.event(sale.event)?.details.saleState == .closed)
            #expect(try await sale.repository.cancelEvent(EventID(), reason: nil, by: sale.admin) == nil)
        }
    }

    @Test func `An order that was free is done with at once, and its buyer is told`() async throws {
        try await PostgresSale.run(total: 10, price: 0) { sale in
            let provider = PaymentDouble()
            let user = try #require(try await sale.makeUsers(1).first)
            try await PostgresSale.running(sale.services("a", provider)) {
                try await sale.open()
                let intent = try await sale.buy(2, by: user, method: "pm_accepted")
                try await eventually("it is confirmed", within: .seconds(60)) {
                    try await sale.repository.order(intent.order)?.status == .confirmed
                }
                _ = try await sale.repository.cancelEvent(sale.event, reason: nil, by: sale.admin)
                try await eventually("it is ended", within: .seconds(60)) {
                    try await sale.repository.order(intent.order)?.status == .refunded
                }
                #expect(try await sale.repository.order(intent.order)?.reason == .eventCancelled)
                #expect(try await sale.count("outbox", where: "kind = 'refund'") == 0)
                #expect(try await sale.count("mails", where: "kind = 'order_cancelled'") == 1)
            }
        }
    }

    /// The lane alone, without the sweep: that comes to such orders much later, when it has found nothing for a while.
    @Test func `An order that is committed after its event was cancelled is never charged`() async throws {
        try await PostgresSale.run(total: 10) { sale in
            let provider = PaymentDouble()
            let user = try #require(try await sale.makeUsers(1).first)
            func lane(_ name: String) -> [any Service] { Array(sale.services(name, provider).prefix(1)) }
            try await PostgresSale.running(lane("first")) { try await sale.open() }
            let intent = try await sale.buy(2, by: user, method: "pm_accepted")
            _ = try await sale.repository.cancelEvent(sale.event, reason: nil, by: sale.admin)
            try await PostgresSale.running(lane("second")) {
                try await eventually("it is ended", within: .seconds(60)) {
                    try await sale.repository.order(intent.order)?.status == .cancelled
                }
            }
            #expect(try await sale.repository.order(intent.order)?.reason == .eventCancelled)
            #expect(provider.charges.isEmpty)
            #expect(try await sale.count("mails", where: "kind = 'order_cancelled'") == 1)
            let ledger = try #require(try await sale.repository.ledger(of: sale.event))
            #expect(ledger.isBalanced && ledger.available == 10)
        }
    }

    @Test func `An overdue order of a cancelled event gets its money back and is never confirmed`() async throws {
        try await PostgresSale.run(total: 10) { sale in
            let provider = PaymentDouble()
            let user = try #require(try await sale.makeUsers(1).first)
            let hold: Duration = .milliseconds(50)
            provider.setAway(true)
            let intent = try await PostgresSale.running(sale.services("first", provider, hold: hold)) {
                try await sale.open()
                let intent = try await sale.buy(2, by: user, method: "pm_accepted")
                provider.capture(intent.order)
                try await eventually("its hold has ended", within: .seconds(60)) {
                    try await sale.count("ticket_orders", where: "hold_ended") == 1
                }
                return intent
            }
            _ = try await sale.repository.cancelEvent(sale.event, reason: nil, by: sale.admin)
            provider.setAway(false)
            try await PostgresSale.running(sale.services("second", provider, hold: hold)) {
                try await eventually("it got its money back", within: .seconds(60)) {
                    try await sale.repository.order(intent.order)?.status == .refunded
                }
            }
            #expect(provider.refunds == [intent.order])
            #expect(try await sale.repository.order(intent.order)?.reason == .eventCancelled)
            #expect(try await sale.count("mails", where: "kind = 'order_confirmed'") == 0)
            let ledger = try #require(try await sale.repository.ledger(of: sale.event))
            #expect(ledger.isBalanced && ledger.available == 10)
        }
    }

    @Test func `Whoever was handed a ticket is told that it is void`() async throws {
        try await PostgresSale.run(total: 10) { sale in
            let provider = PaymentDouble()
            let users = try await sale.makeUsers(2)
            let tickets = PostgresTicketRepository(postgres: sale.postgres)
            try await PostgresSale.running(sale.services("a", provider)) {
                try await sale.open()
                let intent = try await sale.buy(2, by: users[0], method: "pm_accepted")
                try await eventually("it is confirmed", within: .seconds(60)) {
                    try await sale.repository.order(intent.order)?.status == .confirmed
                }
                let code = try #require(try await sale.repository.order(intent.order)?.tickets.first?.code)
                var generator = SystemRandomNumberGenerator()
                let new = TicketCode(using: &generator)
                #expect(try await tickets.transfer(code, from: users[0], to: users[1], as: new))
                _ = try await sale.repository.cancelEvent(sale.event, reason: nil, by: sale.admin)
                try await eventually("it is ended", within: .seconds(60)) {
                    try await sale.repository.order(intent.order)?.status == .refunded
                }
                #expect(
                    try await sale.sql("SELECT user_id, parameters->>'ticket' FROM mails WHERE kind = 'ticket_void'")
                        == "\(users[1])|\(new)")
                let mails = try await PostgresMailRepository(postgres: sale.postgres).claimMails(
                    limit: 100, hidden: .seconds(60))
                let letters = mails.map { $0.content(resetAge: .seconds(60)) }
                let void = letters.compactMap(Self.voidTicket)
                #expect(void == [new])
                let cancelled = letters.compactMap(Self.cancellation)
                #expect(cancelled == [CancellationReason.eventCancelled.message])
            }
        }
    }

    private static func voidTicket(_ content: WaitingMail.Content) -> TicketCode? {
        guard case .letter(let letter) = content, case .ticketVoid(_, let ticket, _) = letter else { return nil }
        return ticket
    }

    private static func cancellation(_ content: WaitingMail.Content) -> String? {
        guard case .letter(let letter) = content, case .orderCancelled(_, let reason) = letter else { return nil }
        return reason
    }

    /// P12. The newest event comes first.
    @Test func `An event that cannot be swept keeps no other from it`() async throws {
        let events = FailingEvents(all: [EventID(), EventID()])
        let sweep = CancelledEventSweep(repository: events, logger: Sale.silent)
        try await PostgresSale.running([sweep]) {
            try await eventually("the older one is swept") { events.swept.contains(events.all[1]) }
        }
        #expect(!events.swept.contains(events.all[0]))
    }

    @Test func `An event is looked at ever more rarely while nothing is found, and at once after something was`() {
        var schedule = SweepSchedule()
        let event = EventID()
        var now = ContinuousClock.now
        for pause in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            #expect(schedule.due(of: [event], at: now) == [event])
            schedule.note(event, isClean: true, at: now)
            #expect(schedule.due(of: [event], at: now + .seconds(pause) - .milliseconds(1)) == [])
            now += .seconds(pause)
        }
        schedule.note(event, isClean: false, at: now)
        #expect(schedule.due(of: [event], at: now + .seconds(1)) == [event])
    }
}

/// Cancelled events of which the first can never be swept.
private final class FailingEvents: CancelledEventRepository {
    let all: [EventID]
    private let done = Mutex<[EventID]>([])

    init(all: [EventID]) { self.all = all }

    var swept: [EventID] { done.withLock { $0 } }

    func cancelledEvents(limit: Int) async throws(RepositoryError) -> [EventID] { all }

    func cancelPendingOrders(
        of event: EventID, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> EndedPage {
        guard event != all[0] else { throw RepositoryError(.rowRejected, "as the test wants it") }
        done.withLock { $0.append(event) }
        return EndedPage(count: 0, last: nil)
    }

    func refundConfirmedOrders(
        of event: EventID, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> EndedPage {
        EndedPage(count: 0, last: nil)
    }
}
