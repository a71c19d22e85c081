package import Foundation
package import Ticketing

/// The part of the outbox that any worker delivers: what must happen outside Postgres because of a change inside it.
///
/// A message is written in the change's own transaction and delivered at least once; those of one order in their order.
package protocol OutboxRepository: Sendable {
    /// Takes messages that are due, at most `limit`, and hides them from everybody for `hidden`: a worker that dies
    /// meanwhile leaves them to the next.
    func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage]

    func markDelivered(_ message: OutboxMessage) async throws(RepositoryError)

    /// Notes a failed attempt; the next one is after `pause`.
    func markFailed(_ message: OutboxMessage, _ failure: String, pause: Duration) async throws(RepositoryError)

    /// Keeps a message as dead, with the failure as its reason, and its refund as failed. One that was refunded stays
    /// so unless it is the very one that the provider says has failed.
    /// - Parameter refund: The provider's name of the refund that has failed; nil when there is none.
    func giveUp(_ message: OutboxMessage, _ failure: String, refund: String?) async throws(RepositoryError)

    /// Notes that a cancelled order was charged after all and got its money back, also that it got it at last although
    /// a refund had failed. Any other order is left alone.
    func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError)

    /// Notes that a refund was made.
    func settleRefund(_ id: UUID, reference: String) async throws(RepositoryError)

    /// How orders stand that were charged; those that are not there are left out.
    func chargeStandings(of orders: [OrderID]) async throws(RepositoryError) -> [OrderID: ChargeStanding]

    /// Has the charge of a cancelled order ended that nothing is going to end; false where there is nothing to do.
    func addVoid(of order: OrderID) async throws(RepositoryError) -> Bool

    /// Has the refunds of an order carried out again, by which the provider says how they stand now; false where there
    /// is none.
    func reviewRefunds(of order: OrderID) async throws(RepositoryError) -> Bool

    func depth() async throws(RepositoryError) -> OutboxDepth
}

/// How much waits in the outbox, releases included.
package struct OutboxDepth: Hashable, Sendable {
    package var waiting: Int
    /// How long the oldest of them has waited; zero when there is none.
    package var oldest: Duration
    /// Messages that were given up on.
    package var dead: Int

    package init(waiting: Int, oldest: Duration, dead: Int) {
        self.waiting = waiting
        self.oldest = oldest
        self.dead = dead
    }
}

/// An undelivered row of the outbox, as an operator sees it.
package struct OutboxRow: Hashable, Sendable {
    package let id: Int64
    /// `release`, or a kind of message; also one that only a newer version knows.
    package let kind: String
    package let event: EventID
    package let order: OrderID
    package let quantity: Int
    package let attempts: Int
    package let createdAt: Date
    package let nextTry: Date
    /// What the last attempt failed with.
    package let failure: String?
    /// When it was given up on.
    package let deadAt: Date?
}

package struct OutboxMessage: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The order's charge is to be ended, and given back when it was captured.
        case void
        /// A part of the order's charge, or all of it, is to be given back.
        case refund
    }

    /// What the order's buyer was asked for.
    package struct Payment: Hashable, Sendable {
        package let total: Money
        package let method: PaymentMethod

        package init(total: Money, method: PaymentMethod) {
            self.total = total
            self.method = method
        }
    }

    package struct Refund: Hashable, Sendable {
        package let id: UUID
        package let amount: Money
        /// The provider's reference of the charge.
        package let charge: String

        package init(id: UUID, amount: Money, charge: String) {
            self.id = id
            self.amount = amount
            self.charge = charge
        }
    }

    package let id: Int64
    package let kind: Kind
    package let order: OrderID
    /// This one included.
    package let attempts: Int
    /// How often an operator has had it tried again after it was given up on.
    package let generation: Int
    /// nil when the order is gone.
    package var payment: Payment?
    /// Of a message of that kind; nil when it is gone, or nothing was charged.
    package var refund: Refund?

    package init(
        id: Int64, kind: Kind, order: OrderID, attempts: Int, generation: Int = 0, payment: Payment? = nil,
        refund: Refund? = nil
    ) {
        self.id = id
        self.kind = kind
        self.order = order
        self.attempts = attempts
        self.generation = generation
        self.payment = payment
        self.refund = refund
    }
}
