import Foundation
import Ticketing

@testable import OrderRepository

extension EventDetails {
    static func sample(capacity: Int = 100, limit: Int = 1_000, date: Date = .tomorrow) -> EventDetails {
        EventDetails(
            title: "Concert", description: "Loud", venue: "Hall", eventDate: date,
            ticketPrice: Money(amount: 4_550, currency: .eur)!, totalTickets: capacity, limitPerBuyer: limit,
            saleOpensAt: nil, saleClosesAt: nil, saleState: .scheduled)
    }
}

extension OrderID {
    /// A random id of the shape that derived ones have.
    static func random() -> OrderID {
        var bytes = UUID().uuid
        bytes.6 = 0x80 | (bytes.6 & 0x0f)
        return OrderID(UUID(uuid: bytes))
    }
}

extension QueuedIntent {
    static func sample(
        _ event: EventID, _ user: UserID, quantity: Int = 1, order: OrderID = .random(),
        entry: String = "1700000000000-\(UInt32.random(in: 0 ... .max))"
    ) -> QueuedIntent {
        QueuedIntent(
            entry: StreamEntryID(entry),
            intent: Intent(
                order: order, user: user, event: event, quantity: quantity,
                total: Money(amount: 4_550 * Int64(quantity), currency: .eur)!, paymentMethod: .standard))
    }

    static func samples(_ count: Int, _ event: EventID, _ user: UserID, quantity: Int = 1) -> [QueuedIntent] {
        (0..<count).map {
            .sample(event, user, quantity: quantity, entry: "1700000000001-\($0)-\(UInt32.random(in: 0 ... .max))")
        }
    }
}

extension Settlement {
    /// Paid: a ticket for each unit.
    static func confirmed(
        _ queued: QueuedIntent, tickets: [TicketCode]? = nil, reference: String? = "ch_1"
    ) -> Settlement {
        var generator = SystemRandomNumberGenerator()
        let codes = tickets ?? (0..<queued.intent.quantity).map { _ in TicketCode(using: &generator) }
        return Settlement(
            order: SettledOrder(id: queued.intent.order, status: .confirmed, reason: nil, tickets: codes),
            paymentReference: reference)
    }

    static func declined(_ queued: QueuedIntent, reference: String? = "ch_2") -> Settlement {
        Settlement(
            order: SettledOrder(
                id: queued.intent.order, status: .cancelled, reason: .paymentDeclined, tickets: []),
            paymentReference: reference)
    }
}
