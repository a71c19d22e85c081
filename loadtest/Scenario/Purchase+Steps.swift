import Ticketing

/// The buyer's side of the protocol as a state machine without input or output: an event goes in, what to do comes out.
extension Purchase {
    enum Step: Equatable {
        /// Send the purchase again under the same key, not before this many seconds have passed.
        case retry(atLeast: Int?)
        /// Ask for the order's state.
        case follow
        /// Nothing more to do.
        case done
    }

    /// An answer to the purchase, or its loss.
    mutating func receive(_ answer: PurchaseAnswer, at now: Instant) -> Step {
        guard case .open = state else { return .done }
        switch answer {
        case .accepted(let id, _, let receipt):
            order = id
            self.receipt = receipt ?? self.receipt
            acceptedAt = now
            state = .accepted
            return .follow
        case .refused(let code):
            endedAt = now
            state = .refused(code)
            return .done
        case .busy(let code, let seconds):
            // The gateway also says this when its fast gate did not answer in time: the units may be taken.
            if code == "overloaded" { mayHaveReached = true }
            return .retry(atLeast: seconds)
        case .unknown(let seconds):
            mayHaveReached = true
            return .retry(atLeast: seconds)
        }
    }

    /// A state of the order, read by a poll.
    mutating func observe(_ status: OrderStatus, failure code: String?, at now: Instant) -> Step {
        guard case .accepted = state else { return .done }
        guard status.isFinal else { return .follow }
        state = .ended(status)
        endedAt = now
        failure = code
        return .done
    }

    /// The run is over: what is still open stays so. `lastCode` is the last temporary refusal; nil when there was none
    /// or the last attempt was lost.
    mutating func stop(lastCode: String?) {
        guard case .open = state else { return }
        if let lastCode {
            state = .abandoned(lastCode)
        } else if attempts == 0 {
            state = .abandoned("not_sent")
        } else {
            mayHaveReached = true
            state = .unresolved
        }
    }

    /// Another sending of the key was accepted although this one had been refused: tickets came back in between. Says
    /// whether the order must be followed now.
    mutating func acceptAfterAll(_ id: OrderID, at now: Instant) -> Bool {
        switch state {
        case .refused, .abandoned:
            order = id
            acceptedAt = now
            endedAt = nil
            state = .accepted
            return true
        case .open, .accepted, .ended, .unresolved: return false
        }
    }

    /// The buyer takes a temporary refusal for the last word.
    mutating func giveUp(_ code: String, at now: Instant) {
        guard case .open = state else { return }
        endedAt = now
        state = .abandoned(code)
    }
}
