import Foundation
import Ticketing

@testable import LoadTest

/// A small sale that went well: 10 tickets, three buyers confirmed (4 + 4 + 2), one declined, one refused.
/// Tests take it and break one thing.
struct SampleSale {
    var history: SaleHistory
    var books: SaleSnapshot

    init() {
        let buyers = (0..<5).map { _ in UserID() }
        var purchases: [Purchase] = []
        var rows: [SaleSnapshot.OrderRow] = []
        for (buyer, quantity) in [4, 4, 2, 1, 3].enumerated() {
            var purchase = Purchase(
                Visit(number: buyer + 1, buyer: buyer, quantity: quantity, intendedAt: Instant(buyer)))
            purchase.attempts = 1
            if buyer == 4 {
                purchase.state = .refused("sold_out")
            } else {
                let order = SampleSale.order(buyer)
                let status: OrderStatus = buyer == 3 ? .cancelled : .confirmed
                purchase.order = order
                purchase.acceptedAt = Instant(buyer) + 10
                purchase.endedAt = Instant(buyer) + 20
                purchase.state = .ended(status)
                rows.append(SampleSale.row(order, buyers[buyer], quantity, status))
            }
            purchases.append(purchase)
        }
        self.history = SaleHistory(
            event: EventID(), capacity: 10, limitPerBuyer: 4, buyers: buyers, purchases: purchases,
            replays: [
                KeyReplay(
                    order: SampleSale.order(0), sameBody: .accepted(SampleSale.order(0), etag: nil),
                    otherBodyStatus: 422, otherBodyCode: "idempotency_key_reused")
            ])
        self.books = SaleSnapshot(
            orders: rows, total: 10, available: 0,
            ledger: Ledger(
                capacity: 10, postgres: Ledger.Postgres(available: 0, pending: 0, sold: 10, cancelled: 1),
                redis: Ledger.Redis(available: 0, inFlight: 0), balanced: true))
    }

    /// A fixed order id of version 8, for numbers below 65,536.
    static func order(_ number: Int) -> OrderID {
        OrderID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, UInt8(number >> 8), UInt8(number & 255))))
    }

    static func row(
        _ order: OrderID, _ buyer: UserID, _ quantity: Int, _ status: OrderStatus, tickets: Int? = nil
    ) -> SaleSnapshot.OrderRow {
        let paid = status == .confirmed
        return SaleSnapshot.OrderRow(
            id: order, buyer: buyer, quantity: quantity, status: status, tickets: tickets ?? (paid ? quantity : 0),
            payment: .init(due: quantity * 100, charges: paid ? 1 : 0, charged: paid ? quantity * 100 : 0, refunds: 0))
    }

    /// The invariants that do not hold.
    var broken: Set<String> { Set(Invariant.audit(history, books).violations.map(\.invariant)) }
}
