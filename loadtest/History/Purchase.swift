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

    /// Index into the run's buyers.
    let buyer: Int
    /// 0 opens the door, 1 is the measured load, later ones buy what was left over.
    let wave: Int
    let quantity: Int
    let paymentMethod: String
    let key: UUID
    /// When it should have been sent, whatever the generator or the service were doing: latencies count from here.
    let intendedAt: Instant

    var state = State.open
    var order: OrderID?
    /// What the acceptance came with, to put the order back should the service lose it.
    var receipt: String?
    var acceptedAt: Instant?
    var endedAt: Instant?
    /// Why a cancelled order was cancelled.
    var failure: String?
    /// Times it was written to a connection.
    var attempts = 0
    /// At least one attempt had no definite answer: it may have been taken.
    var mayHaveReached = false

    init(buyer: Int, wave: Int, quantity: Int, paymentMethod: String, key: UUID = UUID(), intendedAt: Instant) {
        self.buyer = buyer
        self.wave = wave
        self.quantity = quantity
        self.paymentMethod = paymentMethod
        self.key = key
        self.intendedAt = intendedAt
    }

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
