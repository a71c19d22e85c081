package import OrderRepository
import Ticketing

/// What is wrong with a charge that the provider has captured and not given back (I8): a closed set, the label of
/// metrics.
package enum ChargeFinding: String, Hashable, Sendable, CaseIterable {
    /// The order is cancelled, and nothing will end its charge: to be repaired by a message in the outbox.
    case unended
    /// The message that was to end it was given up on; its reason is in the outbox.
    case dead
    /// It was given back by our books, long ago: the refund has failed since, to be repaired by asking for it again.
    case bounced
    /// The order is still pending long after its hold.
    case unconfirmed
    /// There is no such order.
    case unknown

    /// - Parameters:
    ///   - standing: The order in our books, read after the provider's; nil when it is not there.
    ///   - limit: How long a charged order may be pending: its hold and some time to end it. As long may the provider's
    ///     books be older than a refund.
    package init?(_ standing: ChargeStanding?, limit: Duration) {
        guard let standing else {
            self = .unknown
            return
        }
        switch standing.status {
        case .confirmed: return nil
        case .pending, .paid:
            guard standing.age > limit else { return nil }
            self = .unconfirmed
        case .cancelled, .refunded:
            switch (standing.refundAge, standing.void) {
            case (_, .waiting): return nil
            case (let age?, _):
                guard age > limit else { return nil }
                self = .bounced
            case (nil, .dead): self = .dead
            case (nil, .none): self = .unended
            }
        }
    }
}
