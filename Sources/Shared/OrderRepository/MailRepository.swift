package import Foundation
package import Ticketing

/// The mails that are to be sent. A row is written in the statement of the change that it tells of.
///
/// Live: `PostgresMailRepository`.
package protocol MailRepository: Sendable {
    /// Takes mails that are due, at most `limit`, with what they are about, and hides them from everybody for `hidden`:
    /// a dispatcher that dies meanwhile leaves them to the next.
    func claimMails(limit: Int, hidden: Duration) async throws(RepositoryError) -> [WaitingMail]

    /// Notes what became of claimed mails. One that was claimed again since is left to whoever did, unless it was sent.
    func record(_ results: [MailResult]) async throws(RepositoryError)

    /// Deletes mails that ended longer ago than `age`, the oldest ones and not too many at once; returns how many.
    func forgetMails(olderThan age: Duration) async throws(RepositoryError) -> Int

    /// What waits may be counted up to a limit only.
    func mailDepth() async throws(RepositoryError) -> OutboxDepth
}

package enum MailKind: String, Hashable, Sendable, CaseIterable {
    case orderConfirmed = "order_confirmed"
    case orderCancelled = "order_cancelled"
    case orderRefunded = "order_refunded"
    case passwordReset = "password_reset"
    case ticketReceived = "ticket_received"
    case ticketVoid = "ticket_void"
}

/// What became of a mail.
package enum MailState: String, Hashable, Sendable, CaseIterable {
    case waiting
    /// The mail server has taken it over.
    case sent
    /// What it was to tell is no longer so, or there is nobody to be told.
    case skipped
    /// It was given up on.
    case dead
}

/// A mail that a dispatcher has taken, and what it is about as that is now.
package struct WaitingMail: Hashable, Sendable {
    package var id: Int64
    package var kind: MailKind
    /// This one included.
    package var attempts: Int
    package var createdAt: Date
    /// How long it has waited, by Postgres' clock.
    package var age: Duration
    /// nil when there is no such account any more.
    package var recipient: Recipient?
    /// nil when it is about no order, or about one that is gone.
    package var order: MailedOrder?
    /// A password reset's, until the mail has ended.
    package var token: String?
    /// The ticket that was received, nil when the code is no longer good; or the one that is void.
    package var ticket: TicketCode?
    /// What this refund gave back, in minor units; nil for all that the order's refunds have.
    package var amount: Int64?

    package struct Recipient: Hashable, Sendable {
        package var email: String
        package var name: String?

        package init(email: String, name: String?) {
            self.email = email
            self.name = name
        }
    }

    package init(
        id: Int64, kind: MailKind, attempts: Int, createdAt: Date, age: Duration, recipient: Recipient?,
        order: MailedOrder? = nil, token: String? = nil, ticket: TicketCode? = nil, amount: Int64? = nil
    ) {
        self.id = id
        self.kind = kind
        self.attempts = attempts
        self.createdAt = createdAt
        self.age = age
        self.recipient = recipient
        self.order = order
        self.token = token
        self.ticket = ticket
        self.amount = amount
    }
}

/// An order and its event, as a mail tells of them.
package struct MailedOrder: Hashable, Sendable {
    package var id: OrderID
    package var status: OrderStatus
    package var reason: CancellationReason?
    package var quantity: Int
    package var total: Money
    /// All refunds together; zero when there was none.
    package var refunded: Money
    package var event: String
    package var venue: String
    package var date: Date
    /// Those that are valid.
    package var tickets: [TicketCode]

    package init(
        id: OrderID, status: OrderStatus, reason: CancellationReason?, quantity: Int, total: Money, refunded: Money,
        event: String, venue: String, date: Date, tickets: [TicketCode]
    ) {
        self.id = id
        self.status = status
        self.reason = reason
        self.quantity = quantity
        self.total = total
        self.refunded = refunded
        self.event = event
        self.venue = venue
        self.date = date
        self.tickets = tickets
    }
}

/// What became of a mail that a dispatcher had taken.
package struct MailResult: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case sent
        case skipped(code: String, reason: String)
        /// Tried again after `pause`, or never when that is nil.
        case failed(code: String, failure: String, pause: Duration?)
    }

    package let mail: WaitingMail
    package let outcome: Outcome

    package init(_ mail: WaitingMail, _ outcome: Outcome) {
        self.mail = mail
        self.outcome = outcome
    }
}
