/// Where an order stands. It only ever moves forward.
package enum OrderStatus: String, Hashable, Sendable, CaseIterable {
    case pending, paid, confirmed, cancelled, refunded

    /// No further change but a refund follows; what every accepted order reaches (promise 2).
    package var isFinal: Bool { self != .pending && self != .paid }

    /// Whether the order's units are taken from the event's stock.
    package var holdsStock: Bool { self == .pending || self == .paid || self == .confirmed }

    package func canMove(to next: OrderStatus) -> Bool {
        switch (self, next) {
        case (.pending, .paid), (.pending, .confirmed), (.pending, .cancelled),
            (.paid, .confirmed), (.paid, .refunded), (.confirmed, .refunded), (.cancelled, .refunded):
            true
        default: false
        }
    }
}

/// What is being done about an order, in the buyer's words.
package enum OrderStage: String, Hashable, Sendable, CaseIterable {
    /// Accepted, in line for the lane.
    case queued
    /// Committed to Postgres; the payment is under way.
    case payment
    /// In a final state.
    case completed
}

/// Why an order was cancelled; `code` is stable, clients switch on it.
package enum CancellationReason: String, Hashable, Sendable, CaseIterable {
    case paymentDeclined = "payment_declined"
    case soldOut = "sold_out"
    case limitExceeded = "limit_exceeded"
    case cancelledByBuyer = "cancelled_by_buyer"
    case expired
    case rejected
    case eventCancelled = "event_cancelled"

    package var message: String {
        switch self {
        case .paymentDeclined: "The payment was declined. Nothing was charged."
        case .soldOut: "The last tickets went to someone else. Nothing was charged."
        case .limitExceeded: "With other tickets that you bought meanwhile it was above the limit. Nothing was charged."
        case .cancelledByBuyer: "You cancelled the order. What was charged is given back."
        case .expired: "The payment did not come in time. What was charged after all is given back."
        case .eventCancelled: "The event was cancelled. What was paid is given back."
        case .rejected: "The order could not be recorded: its event or account no longer exists. Nothing was charged."
        }
    }
}
