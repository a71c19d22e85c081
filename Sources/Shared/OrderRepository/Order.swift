package import Foundation
package import Ticketing

/// One order, as Postgres has it: the truth.
package struct Order: Hashable, Sendable {
    package var id: OrderID
    package var user: UserID
    package var event: EventID
    package var quantity: Int
    package var total: Money
    package var paymentMethod: PaymentMethod
    package var status: OrderStatus
    package var reason: CancellationReason?
    package var tickets: [Ticket]
    package var createdAt: Date
    package var updatedAt: Date
    /// What it gets back, oldest first.
    package var refunds: [OrderRefund] = []

    package init(
        id: OrderID, user: UserID, event: EventID, quantity: Int, total: Money, paymentMethod: PaymentMethod,
        status: OrderStatus, reason: CancellationReason?, tickets: [Ticket], createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.user = user
        self.event = event
        self.quantity = quantity
        self.total = total
        self.paymentMethod = paymentMethod
        self.status = status
        self.reason = reason
        self.tickets = tickets
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

package struct Ticket: Hashable, Sendable {
    package var code: TicketCode
    package var status: TicketStatus

    package init(code: TicketCode, status: TicketStatus) {
        self.code = code
        self.status = status
    }
}
