import InventoryStore
import OrderRepository
import StripeDouble
import Ticketing

/// Compares our books with the provider's after a sale: I8 and I16, and the sums of both.
struct PaymentAudit {
    /// What is wrong, a sentence each.
    private(set) var violations: [String] = []
    private(set) var confirmed = 0

    init(of intents: [Intent], in sale: PostgresSale, _ ledger: StripeLedger) async throws {
        for intent in intents {
            guard let order = try await sale.repository.order(intent.order) else {
                violations.append("\(intent.order) is gone")
                continue
            }
            compare(order, intent, ledger.captured[intent.order.description] ?? [])
        }
        let strangers = Set(ledger.captured.keys).subtracting(intents.map(\.order.description))
        expect(strangers.isEmpty, "charges of nobody's orders: \(strangers)")
        let books = try await sale.repository.ledger(of: sale.event)
        expect(
            books?.isBalanced == true && books?.sold == confirmed, "the event's books are \(String(describing: books))")
        let charges = try await sale.count("payments", where: "kind = 'charge' AND status = 'captured'")
        expect(
            charges == ledger.captured.count, "we know of \(charges) charges, the provider of \(ledger.captured.count)")
        let refunds = try await sale.sql(
            "SELECT (coalesce(sum(amount), 0) * 100)::bigint FROM payments WHERE kind = 'refund' AND status = 'refunded'"
        )
        let returned = ledger.intents.map(\.refunded).reduce(0, +)
        expect(refunds == "\(returned)", "by our books \(refunds) was given back, by the provider's \(returned)")
    }

    private mutating func compare(_ order: Order, _ intent: Intent, _ charges: [StripeLedger.Intent]) {
        let captured = charges.map { Int64($0.captures) * $0.amount }.reduce(0, +)
        let refunded = charges.map(\.refunded).reduce(0, +)
        expect(charges.map(\.captures).reduce(0, +) <= 1, "\(order.id) was charged more than once")
        expect(
            charges.allSatisfy { $0.amount == intent.total.amount && $0.currency == "eur" },
            "\(order.id) was charged with another amount")
        if order.status == .confirmed {
            confirmed += 1
            expect(
                captured == intent.total.amount && refunded == 0, "\(order.id) has tickets for \(captured - refunded)")
            expect(order.tickets.count == intent.quantity, "\(order.id) has \(order.tickets.count) tickets")
        } else {
            expect(captured == refunded, "\(order.id) is \(order.status) and keeps \(captured - refunded)")
            expect(order.tickets.allSatisfy { $0.status == .cancelled }, "\(order.id) is \(order.status) with tickets")
        }
    }

    private mutating func expect(_ isSo: Bool, _ violation: String) {
        if !isSo { violations.append(violation) }
    }
}
