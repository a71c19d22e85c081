import InventoryStore
import Ticketing

/// What a refused purchase is told.
enum PurchaseProblems {
    static let soldOut = Problem(.soldOut, "There are no tickets left.")
    static let reusedKey = Problem(
        .idempotencyKeyReused, "This Idempotency-Key was used before for a purchase with other contents. Use a new one."
    )

    /// The store did not answer, so the order may or may not have been accepted.
    static func noAnswer(_ limits: GatewayLimits) -> Problem {
        Problem(
            .overloaded,
            "The purchase could not be finished now. Repeat it with the same Idempotency-Key: it is never sold twice.",
            retryAfter: limits.overloadedRetryAfter)
    }

    static func warmingUp(_ limits: GatewayLimits) -> Problem {
        Problem(
            .warmingUp, "The sale is being made ready. Send the purchase again with the same Idempotency-Key.",
            retryAfter: limits.overloadedRetryAfter)
    }

    static func problem(for refusal: Refusal, limits: GatewayLimits) -> Problem {
        switch refusal {
        case .reusedKey: reusedKey
        case .soldOut(available: ..<1): soldOut
        case .soldOut(let available): Problem(.soldOut, "Only \(available) tickets are left.")
        case .limitExceeded(let limit, let held):
            Problem(.limitExceeded, "A buyer may have \(limit) tickets of this event; you have \(held).")
        case .notOpen(let opensIn):
            Problem(
                .saleNotOpen, "The sale has not begun.",
                retryAfter: opensIn.map { min(max(1, $0.secondsRoundedUp), limits.longestRetryAfter) }
                    ?? limits.unscheduledRetryAfter)
        case .closed: Problem(.saleClosed, "The sale is over.")
        case .paused: Problem(.salePaused, "The sale is paused.", retryAfter: limits.pausedRetryAfter)
        case .cold: warmingUp(limits)
        case .busy:
            Problem(
                .overloaded, "Too many orders are waiting. Send the purchase again in a moment, with the same key.",
                retryAfter: limits.overloadedRetryAfter)
        }
    }
}

enum EventProblems {
    static let notFound = Problem(.eventNotFound, "There is no such event.")
    static let cancelled = Problem(.eventCancelled, "The event was cancelled, which is for good.")

    static func capacityBelowSold(lowest: Int) -> Problem {
        Problem(
            .capacityBelowSold, "\(lowest) tickets are sold, pending or being bought.",
            errors: [FieldError("totalTickets", "must be at least \(lowest)")])
    }
}

enum OrderProblems {
    /// Also for other people's orders, so that ids cannot be tried out.
    static let notFound = Problem(.orderNotFound, "You have no such order.")
    static let receiptTooOld = Problem(.orderNotFound, "The receipt is too old to put the order back.")
    static let final = Problem(.orderFinal, "The order has ended and cannot be cancelled any more.")
}
