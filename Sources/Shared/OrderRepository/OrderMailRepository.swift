package import Foundation
package import Ticketing

/// The mails of an order, as its buyer sees them.
package protocol OrderMailRepository: Sendable {
    /// The order's last 100 mails, newest first; none when there is no such order.
    func mails(of order: OrderID) async throws(RepositoryError) -> [OrderMail]

    /// Has the confirmation of the user's order sent again, unless one waits to be sent anyway or the last one is
    /// younger than `pause`.
    func resendConfirmation(
        of order: OrderID, by user: UserID, pause: Duration
    ) async throws(RepositoryError) -> ResendOutcome
}

package struct OrderMail: Hashable, Sendable {
    package var kind: MailKind
    package var state: MailState
    package var attempts: Int
    package var createdAt: Date
    package var sentAt: Date?
    /// A stable name of what the last attempt failed with, or why it was skipped.
    package var failureCode: String?

    package init(
        kind: MailKind, state: MailState, attempts: Int, createdAt: Date, sentAt: Date?, failureCode: String?
    ) {
        self.kind = kind
        self.state = state
        self.attempts = attempts
        self.createdAt = createdAt
        self.sentAt = sentAt
        self.failureCode = failureCode
    }
}

package enum ResendOutcome: Hashable, Sendable {
    /// The mail that will be sent: a new one, or one that waited already.
    case waiting(OrderMail)
    /// How long until it may be asked for again.
    case tooSoon(Duration)
    case notConfirmed
    /// No such order of this user.
    case notFound
}
