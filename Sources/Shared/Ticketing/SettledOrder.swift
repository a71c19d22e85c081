/// How Postgres has settled an order.
package struct SettledOrder: Hashable, Sendable {
    package let id: OrderID
    package let status: OrderStatus
    package let reason: CancellationReason?
    package let tickets: [TicketCode]

    package init(id: OrderID, status: OrderStatus, reason: CancellationReason?, tickets: [TicketCode]) {
        self.id = id
        self.status = status
        self.reason = reason
        self.tickets = tickets
    }
}
