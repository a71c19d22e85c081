package import OrderRepository
import Ticketing

/// What is wrong with a charge that the provider has captured and not given back (I8): a closed set, the label of metrics.
package enum ChargeFinding: String, Hashable, Sendable, CaseIterable {
    /// The order is cancelled, and nothing will end its charge: to be repaired by a message in the outbox.
    case unended
    /// The message that was to end it was given up on; its reason is in the outbox.
    case dead
    /// The order is still pending long after its hold.
    case unconfirmed
    /// There is no such order.
    case unknown

    /// - Parameters:
    ///   - standing: The order in our books, read after the provider's; nil when it is not there.
    ///   - limit: How long a charged order may be pending: its hold and some time to end it.
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
            switch (standing.isRefunded, standing.void) {
            case (true, _), (_, .waiting): return nil
            case (_, .dead): self = .dead
            case (_, .none): self = .unended
            }
        }
    }
}
