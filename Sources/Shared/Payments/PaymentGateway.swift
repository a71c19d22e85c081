package import Ticketing

/// A payment provider: charges an order's buyer, at most once per order.
///
/// The order id is the idempotency key: a repeated charge answers as the first one did, whoever repeats it. Every call
/// ends by an answer or an error within a time that the gateway sets itself: orders and messages wait for it.
package protocol PaymentGateway: Sendable {
    /// How long a call may take at most.
    var longestCall: Duration { get }

    /// - Throws: when the outcome is unknown, soon after the task is cancelled too; the same charge is then tried again.
    func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome

    /// Ends an order's charge for good: answers how it came out, or declines it from now on when it has not come out.
    /// - Parameter charge: As it was asked for, or would have been.
    /// - Throws: when neither is certain; to be repeated then.
    func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome

    /// Gives back what was captured for an order, or a part of it, once for each key; returns the refund's reference.
    /// One that has failed at the provider is made again under a higher generation, and only then.
    /// - Throws: when it is not certain, or what is left of the charge is less; to be repeated in the first case. Finally
    ///   when the refund has failed, also long after it was made.
    func refund(_ refund: Refund) async throws(PaymentError) -> String

    /// Orders that were charged and have not got everything back, by the provider's books and in an order of its own:
    /// those after `cursor` (nil: from the first), at most `limit`.
    func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage
}

extension PaymentGateway {
    package var longestCall: Duration { .seconds(30) }
}

package struct Charge: Hashable, Sendable {
    package let order: OrderID
    package let amount: Money
    package let method: PaymentMethod

    package init(order: OrderID, amount: Money, method: PaymentMethod) {
        self.order = order
        self.amount = amount
        self.method = method
    }
}

/// Both outcomes are final and carry the provider's reference.
package enum ChargeOutcome: Hashable, Sendable {
    case captured(reference: String)
    case declined(reference: String)
}

package struct Refund: Hashable, Sendable {
    /// One for each refund of the deployment: a repetition under the same key gives nothing more.
    package let key: String
    /// How often somebody has asked for it again after the provider had refused it for good.
    package let generation: Int
    package let order: OrderID
    /// The reference of the captured charge.
    package let charge: String
    package let amount: Money

    package init(key: String, generation: Int = 0, order: OrderID, charge: String, amount: Money) {
        self.key = key
        self.generation = generation
        self.order = order
        self.charge = charge
        self.amount = amount
    }

    /// All of a charge that was captured for an order which had ended. The order id is its key.
    package init(all charge: Charge, generation: Int = 0, reference: String) {
        self.init(
            key: charge.order.description, generation: generation, order: charge.order, charge: reference,
            amount: charge.amount)
    }
}

package struct CapturedPage: Hashable, Sendable {
    package var orders: [OrderID]
    /// Where to go on; nil at the end of the books.
    package var next: String?

    package init(orders: [OrderID], next: String?) {
        self.orders = orders
        self.next = next
    }
}

/// The provider gave no outcome: the charge may or may not have been captured. Or it has refused what was asked.
package struct PaymentError: Error, CustomStringConvertible {
    package let message: String
    package let underlying: (any Error)?
    /// Whether the provider has refused for good: the same call will never succeed.
    package let isFinal: Bool
    /// The provider's name of the refund that has failed; nil when there was none.
    package let failedRefund: String?
    /// Whether the provider was not even asked, since too many calls waited: its silence says nothing.
    package let isUnasked: Bool

    package init(
        _ message: String, underlying: (any Error)? = nil, isFinal: Bool = false, failedRefund: String? = nil,
        isUnasked: Bool = false
    ) {
        self.message = message
        self.underlying = underlying
        self.isFinal = isFinal
        self.failedRefund = failedRefund
        self.isUnasked = isUnasked
    }

    package var description: String { message }
}
