package import Ticketing

/// The part of the outbox that any worker delivers: what must happen outside Postgres because of a change inside it.
///
/// A message is written in the change's own transaction and delivered at least once; those of one order in their order.
package protocol OutboxRepository: Sendable {
    /// Takes messages that are due, at most `limit`, and hides them from everybody for `hidden`: a worker that dies
    /// meanwhile leaves them to the next.
    func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage]

    func markDelivered(_ message: OutboxMessage) async throws(RepositoryError)

    /// Notes a failed attempt; the next one is after `pause`, or never when that is nil: then the row is kept as dead. No
    /// kind of message is given up on so far.
    func markFailed(_ message: OutboxMessage, _ failure: String, pause: Duration?) async throws(RepositoryError)

    /// Notes that a cancelled order was charged after all and got its money back. An order that is not cancelled is left
    /// alone.
    func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError)
}

package struct OutboxMessage: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// The order's charge is to be ended, and given back when it was captured.
        case void
    }

    package let id: Int64
    package let kind: Kind
    package let order: OrderID
    /// This one included.
    package let attempts: Int

    package init(id: Int64, kind: Kind, order: OrderID, attempts: Int) {
        self.id = id
        self.kind = kind
        self.order = order
        self.attempts = attempts
    }
}
