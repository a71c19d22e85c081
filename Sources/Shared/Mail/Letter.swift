package import Ticketing

/// What a mail says, before it is put into words.
package enum Letter: Hashable, Sendable {
    case orderConfirmed(OrderFacts)
    /// `reason` in words.
    case orderCancelled(OrderFacts, reason: String)
    /// `reason` in words, where an order ended by it.
    case orderRefunded(OrderFacts, amount: Money, reason: String?)
    /// `token`: proves that whoever has it reads the account's mail.
    case passwordReset(token: String)
    /// A ticket that somebody else has handed on.
    case ticketReceived(OrderFacts, ticket: TicketCode)
    /// A ticket that was handed on and that was cancelled since; `reason` in words, where its order ended by it.
    case ticketVoid(OrderFacts, ticket: TicketCode, reason: String?)

    package var subject: String {
        switch self {
        case .orderConfirmed(let order): "Your tickets for \(order.event)"
        case .orderCancelled(let order, _): "Your order for \(order.event) was cancelled"
        case .orderRefunded(let order, _, _): "Your money for \(order.event) is on its way back"
        case .passwordReset: "Choose a new password"
        case .ticketVoid(let order, _, _): "Your ticket for \(order.event) is no longer valid"
        case .ticketReceived(let order, _): "You have received a ticket for \(order.event)"
        }
    }
}
