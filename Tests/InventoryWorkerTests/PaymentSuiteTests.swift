import Foundation
import InventoryStore
import OnsaleConfiguration
import OrderRepository
import Payments
import StripeDouble
import Synchronization
import TestSupport
import Testing
import Ticketing

@testable import InventoryWorker

/// A sale through the whole of a worker, paid by HTTP at a provider that speaks Stripe's format and has books of its
/// own.
@Suite(.timeLimit(.minutes(20)))
struct PaymentSuiteTests {
    /// ONSALE_PAYMENT_ORDERS: how many orders (default 400; `make test-payments` takes 5,000).
    private static let orders =
        ProcessInfo.processInfo.environment["ONSALE_PAYMENT_ORDERS"].flatMap { Int($0) } ?? 400

    /// 20 % declines, 10 % answers lost after the capture, some of every other fault; buyers who cancel, refunds, some
    /// of which fail after they were made; webhooks by HTTP: twice, in any order, forged, or not at all. I8 holds by
    /// the provider's own books.
    @Test func `Nobody pays twice and nobody pays for nothing, by the provider's own books`() async throws {
        let count = Self.orders
        try await Self.run(total: count) { sale, server, gateway in
            server.setFaults(Self.faults())
            let users = try await sale.makeUsers(50)
            let intents = try await WebhookGateway.run(sale) { webhooks in
                try await PostgresSale.running(sale.services("worker", gateway)) {
                    try await sale.open()
                    var intents: [Intent] = []
                    for number in 0..<count {
                        let method = number % 5 == 2 ? "pm_card_chargeDeclined" : "pm_card_visa"
                        intents.append(try await sale.buy(1, by: users[number % 50], method: method))
                    }
                    // While they are being charged, some buyers lose patience.
                    for (number, intent) in intents.enumerated() where number % 20 == 7 {
                        _ = try await sale.repository.cancel(intent.order, of: intent.user)
                    }
                    var hooks = StripeHooks(secret: WebhookGateway.secret.bytes)
                    func deliver() async throws {
                        let mistaken = try await webhooks.take(hooks.next(of: server.ledger.events))
                        #expect(mistaken == 0, "webhooks that were refused, or forged ones that were taken")
                    }
                    try await eventually("all orders have ended", within: .seconds(900)) {
                        try await deliver()
                        return try await sale.count("ticket_orders", where: "status NOT IN ('pending', 'paid')")
                            == count
                    }
                    for (number, intent) in intents.enumerated() where number % 25 == 11 {
                        _ = try await sale.repository.requestRefund(
                            RefundRequest(order: intent.order, tickets: nil, reason: nil, key: nil, actor: sale.admin))
                    }
                    try await Self.giveBack(sale, meanwhile: deliver)
                    // Banks send some refunds back. Whose webhook is lost, the comparison of books finds.
                    let bounced = server.withLedger { $0.bounceRefunds(limit: max(count / 100, 4)) }
                    #expect(bounced > 0)
                    try await deliver()
                    try await Self.review(sale, server)
                    try await eventually("each is known to have failed", within: .seconds(300)) {
                        try await sale.count("outbox", where: "dead_at IS NOT NULL") == bounced
                    }
                    for row in try await sale.outbox.rows(areDead: true, limit: bounced) {
                        #expect(try await sale.outbox.retry(row.id))
                    }
                    try await Self.giveBack(sale, meanwhile: deliver)
                    #expect(try await webhooks.take(hooks.again(of: server.ledger.events)) == 0)
                    try await Self.giveBack(sale) {}
                    return intents
                }
            }
            #expect(try await sale.count("provider_events", where: "id LIKE 'evt_forged%'") == 0)
            #expect(try await sale.count("provider_events") > count)
            let audit = try await PaymentAudit(of: intents, in: sale, server.ledger)
            #expect(audit.violations == [])
            // Of those who neither had a bad card nor lost patience nor were refunded all have tickets.
            #expect(audit.confirmed >= count * 65 / 100, "\(audit.confirmed) of \(count)")
            #expect(audit.confirmed <= count * 8 / 10)
        }
    }

    /// The control: to a provider that knows no idempotency keys each repetition is another charge, and the audit says
    /// so.
    @Test func `Without idempotency keys buyers pay twice, which the audit finds`() async throws {
        try await Self.run(total: 60, requestTime: .milliseconds(200)) { sale, server, gateway in
            server.withLedger { $0.knowsKeys = false }
            let number = Atomic(0)
            server.setFaults { request in
                let draw = number.add(1, ordering: .relaxed).oldValue
                return request.path.hasSuffix("/confirm") && draw % 3 != 0 ? .silenceAfter : .none
            }
            let users = try await sale.makeUsers(10)
            let intents = try await PostgresSale.running(sale.services("worker", gateway)) {
                try await sale.open()
                var intents: [Intent] = []
                for number in 0..<60 {
                    intents.append(try await sale.buy(1, by: users[number % 10], method: "pm_card_visa"))
                }
                try await eventually("all orders have ended", within: .seconds(300)) {
                    try await sale.count("ticket_orders", where: "status = 'confirmed'") == 60
                }
                return intents
            }
            let audit = try await PaymentAudit(of: intents, in: sale, server.ledger)
            #expect(audit.violations.contains { $0.contains("charged more than once") })
        }
    }

    /// A sale, a provider, and a gateway to it.
    private static func run(
        total: Int, requestTime: Duration = .seconds(1),
        _ body: @Sendable (PostgresSale, StripeServer, StripePaymentGateway) async throws -> Void
    ) async throws {
        try await PostgresSale.run(total: total) { sale in
            try await StripeServer.run { server in
                var configuration = StripeConfiguration(secretKey: Secret(bytes: Array(StripeServer.key.utf8)))
                configuration.url = server.url
                configuration.requestTime = requestTime
                configuration.connections = 64
                let gateway = StripePaymentGateway(configuration: configuration)
                do { try await body(sale, server, gateway) } catch {
                    try await gateway.close()
                    throw error
                }
                try await gateway.close()
            }
        }
    }

    private static func faults() -> @Sendable (StripeLedger.Request) -> StripeServer.Fault {
        let number = Atomic(0)
        return { request in
            let draw = number.add(1, ordering: .relaxed).oldValue
            if request.path.hasSuffix("/confirm"), draw % 10 == 3 { return .silenceAfter }
            switch draw % 97 {
            case 5: return .resetAfter
            case 11: return .stalledBody
            case 17: return .resetBefore
            case 29: return .refusal(status: 409)
            case 41: return .refusal(status: 429)
            case 53: return .refusal(status: 500)
            case 61: return .failure(afterEffect: true)
            case 73: return .failure(afterEffect: false)
            default: return .none
            }
        }
    }

    /// Waits until nothing is to be given back any more.
    private static func giveBack(
        _ sale: PostgresSale, meanwhile: () async throws -> Void
    ) async throws {
        try await eventually("nothing waits for the provider", within: .seconds(600)) {
            try await meanwhile()
            return try await sale.count("outbox", where: "kind <> 'release' AND delivered_at IS NULL") == 0
        }
    }

    /// Has the refunds looked into that the provider's books have no longer, as the comparison of books does after a
    /// while.
    private static func review(_ sale: PostgresSale, _ server: StripeServer) async throws {
        for refund in server.ledger.refunds where refund.status == "failed" {
            guard let order = refund.metadata["order_id"].flatMap({ OrderID($0) }) else { continue }
            _ = try await sale.outbox.reviewRefunds(of: order)
        }
    }
}
