import Mail
import OrderRepository
import Ticketing

extension WaitingMail {
    /// What a mail has come to by the time that it is sent.
    enum Content: Hashable, Sendable {
        case letter(Letter)
        /// The order has gone on, and a later mail says so; or nobody needs this one any more.
        case overtaken(String)
    }

    /// The stable name of why a mail is skipped.
    enum SkipCode: String {
        case overtaken
        case noRecipient = "no_recipient"
    }

    /// What is true now is what is told. A mail that tells of an earlier state of its order is overtaken, since each
    /// change has a mail of its own.
    func content(resetAge: Duration) -> Content {
        if kind == .passwordReset {
            guard let token, age < resetAge else { return .overtaken("its token is no longer good") }
            return .letter(.passwordReset(token: token))
        }
        guard let order else { return .overtaken("what it is about is gone") }
        let facts = OrderFacts(order)
        switch (kind, order.status) {
        case (.orderConfirmed, .confirmed):
            return .letter(.orderConfirmed(facts))
        case (.orderCancelled, .cancelled):
            return .letter(.orderCancelled(facts, reason: order.reason?.message ?? ""))
        case (.orderCancelled, .refunded) where order.reason == .eventCancelled:
            // Whatever is to be given back comes later, and may fail.
            return .letter(.orderCancelled(facts, reason: order.reason?.message ?? ""))
        case (.orderRefunded, .confirmed), (.orderRefunded, .cancelled), (.orderRefunded, .refunded):
            // An order of which no refund is known was refunded as a whole.
            let all = order.refunded.amount > 0 ? order.refunded : order.total
            let amount = amount.flatMap { Money(amount: $0, currency: all.currency) } ?? all
            return .letter(.orderRefunded(facts, amount: amount, reason: order.reason?.message))
        case (.ticketReceived, _):
            guard let ticket else { return .overtaken("the ticket is no longer good") }
            return .letter(.ticketReceived(facts, ticket: ticket))
        case (.ticketVoid, _):
            guard let ticket else { return .overtaken("what it is about is gone") }
            return .letter(.ticketVoid(facts, ticket: ticket, reason: order.reason?.message))
        default:
            return .overtaken("the order is \(order.status.rawValue)")
        }
    }
}

extension OrderFacts {
    init(_ order: MailedOrder) {
        self.init(
            order: order.id, quantity: order.quantity, total: order.total, event: order.event, venue: order.venue,
            date: order.date, tickets: order.tickets)
    }
}
