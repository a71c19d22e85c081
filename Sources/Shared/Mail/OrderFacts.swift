package import Foundation
package import Ticketing

/// What mails say about an order and its event.
package struct OrderFacts: Hashable, Sendable {
    package var order: OrderID
    package var quantity: Int
    package var total: Money
    package var event: String
    package var venue: String
    package var date: Date
    /// Those that are valid.
    package var tickets: [TicketCode]

    package init(
        order: OrderID, quantity: Int, total: Money, event: String, venue: String, date: Date, tickets: [TicketCode]
    ) {
        self.order = order
        self.quantity = quantity
        self.total = total
        self.event = event
        self.venue = venue
        self.date = date
        self.tickets = tickets
    }
}
