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

/// A sale through the whole of a worker, paid by HTTP at a provider that speaks Stripe's format and has books of its own.
@Suite(.timeLimit(.minutes(20)))
struct PaymentSuiteTests {
    /// ONSALE_PAYMENT_ORDERS: how many orders (default 400; `make test-payments` takes 5,000).
    private static let orders =
        ProcessInfo.processInfo.environment["ONSALE_PAYMENT_ORDERS"].flatMap { Int($0) } ?? 400

    /// 20 % declines, 10 % answers lost after the capture, some of every other fault; buyers who cancel; webhooks twice, in
    /// any order, or not at all. I8 holds by the provider's own books.
    @Test func `Nobody pays twice and nobody pays for nothing, by the provider's own books`() async throws {
        let count = Self.orders
        try await PostgresSale.run(total: count) { sale in
            try await StripeServer.run { server in
                var configuration = StripeConfiguration(secretKey: Secret(bytes: Array(StripeServer.key.utf8)))
                configuration.url = server.url
                configuration.requestTime = .seconds(1)
                configuration.connections = 64
                let gateway = StripePaymentGateway(configuration: configuration)
                let number = Atomic(0)
                server.setFaults { request in
                    let draw = number.add(1, ordering: .relaxed).oldValue
                    if request.path.hasSuffix("/confirm"), draw % 10 == 3 { return .silenceAfter }
                    switch draw % 97 {
                    case 5: return .resetAfter
                    case 17: return .resetBefore
                    case 29: return .refusal(status: 409)
                    case 41: return .refusal(status: 429)
                    case 53: return .refusal(status: 500)
                    case 61: return .failure(afterEffect: true)
                    case 73: return .failure(afterEffect: false)
                    default: return .none
                    }
                }
                let users = try await sale.makeUsers(50)
                var intents: [Intent] = []
                try await PostgresSale.running(sale.services("worker", gateway)) {
                    try await sale.open()
                    for number in 0..<count {
                        let method = number % 5 == 2 ? "pm_card_chargeDeclined" : "pm_card_visa"
                        intents.append(try await sale.buy(1, by: users[number % 50], method: method))
                    }
                    // While they are being charged, some buyers lose patience.
                    for (number, intent) in intents.enumerated() where number % 20 == 7 {
                        _ = try await sale.repository.cancel(intent.order, of: intent.user)
                    }
                    var heard = 0
                    try await eventually("all orders have ended", within: .seconds(900)) {
                        heard = try await Self.deliverHooks(of: server, from: heard, to: sale)
                        let ended = try await sale.count("ticket_orders", where: "status NOT IN ('pending', 'paid')")
                        let waiting = try await sale.count(
                            "outbox", where: "kind <> 'release' AND delivered_at IS NULL")
                        return ended == count && waiting == 0
                    }
                    _ = try await Self.deliverHooks(of: server, from: 0, to: sale)
                    try await eventually("what the webhooks have asked for is done", within: .seconds(300)) {
                        try await sale.count("outbox", where: "kind <> 'release' AND delivered_at IS NULL") == 0
                    }
                }
                try await gateway.close()
                try await Self.audit(intents, sale, server.ledger)
            }
        }
    }

    /// Webhooks of the events since `begin`: one in ten is lost, one in three comes twice, and none in its order.
    private static func deliverHooks(
        of server: StripeServer, from begin: Int, to sale: PostgresSale
    ) async throws -> Int {
        let events = server.ledger.events
        var hooks: [StripeLedger.Event] = []
        for (index, event) in events[begin...].enumerated() where index % 10 != 4 {
            hooks += index % 3 == 0 ? [event, event] : [event]
        }
        for hook in hooks.shuffled() {
            _ = try await sale.repository.record(
                ProviderEvent(
                    id: hook.id, kind: hook.kind, order: hook.order.flatMap { OrderID($0) }, object: hook.object,
                    isCapture: hook.kind == "payment_intent.succeeded"))
        }
        return events.count
    }

    /// I8, I16, and the ledgers of both sides.
    private static func audit(_ intents: [Intent], _ sale: PostgresSale, _ ledger: StripeLedger) async throws {
        var confirmed = 0
        for intent in intents {
            let order = try #require(try await sale.repository.order(intent.order))
            let charges = ledger.captured[intent.order.description] ?? []
            let captured = charges.map { Int64($0.captures) * $0.amount }.reduce(0, +)
            let refunded = charges.map(\.refunded).reduce(0, +)
            #expect(charges.map(\.captures).reduce(0, +) <= 1, "\(intent.order) was charged more than once")
            #expect(charges.allSatisfy { $0.amount == intent.total.amount && $0.currency == "eur" })
            if order.status == .confirmed {
                confirmed += 1
                #expect(captured == intent.total.amount && refunded == 0, "\(intent.order)")
                #expect(order.tickets.count == intent.quantity)
            } else {
                #expect(captured == refunded, "\(intent.order) is \(order.status) and keeps \(captured - refunded)")
                #expect(order.tickets.isEmpty)
            }
        }
        #expect(Set(ledger.captured.keys).isSubset(of: Set(intents.map(\.order.description))))
        // Of those who neither had a bad card nor lost patience all have tickets.
        #expect(confirmed >= intents.count * 7 / 10, "\(confirmed) of \(intents.count)")
        #expect(confirmed <= intents.count * 8 / 10)
        let books = try #require(try await sale.repository.ledger(of: sale.event))
        #expect(books.isBalanced)
        #expect(books.sold == confirmed)
        #expect(
            try await sale.count("payments", where: "kind = 'charge' AND status = 'captured'")
                == ledger.captured.count)
    }
}
