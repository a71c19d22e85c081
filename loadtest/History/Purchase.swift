import Foundation
import Ticketing

/// Nanoseconds on this machine's monotonic clock.
typealias Instant = Int64

/// One purchase under one idempotency key, from its plan to its end: what the audit judges the service by.
struct Purchase: Sendable {
    enum State: Equatable, Sendable {
        /// Not answered definitely yet.
        case open
        /// 202 was answered; the order is not final yet.
        case accepted
        /// The order was seen in this final state.
        case ended(OrderStatus)
        /// Refused with this code; nothing may be reserved.
        case refused(String)
        /// The run ended while the service only said "later" (this code): a refusal as well.
        case abandoned(String)
        /// The run ended with no saying whether the last attempt was taken.
        case unresolved
    }

    let visit: Visit
    let key: UUID

    var state = State.open
    var order: OrderID?
    /// What the acceptance came with, to put the order back should the service lose it.
    var receipt: String?
    var acceptedAt: Instant?
    var endedAt: Instant?
    /// Why a cancelled order was cancelled.
    var failure: String?
    /// Times it was written to a connection, copies of it not counted.
    var attempts = 0
    /// At least one attempt had no definite answer: it may have been taken.
    var mayHaveReached = false

    init(_ visit: Visit, key: UUID = UUID()) {
        self.visit = visit
        self.key = key
    }

    /// Index into the run's buyers.
    var buyer: Int { visit.buyer }
    var wave: Int { visit.wave }
    var quantity: Int { visit.quantity }
    var paymentMethod: String { visit.paymentMethod }
    var intendedAt: Instant { visit.intendedAt }

    /// Whether nothing more will happen to it.
    var isSettled: Bool {
        switch state {
        case .open, .accepted: false
        case .ended, .refused, .abandoned, .unresolved: true
        }
    }

    /// Whether the service has said 202 to it.
    var wasAccepted: Bool { order != nil }
}
