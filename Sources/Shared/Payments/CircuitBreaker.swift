/// Keeps calls from a service that answers none: after some failures in a row no call is let through for a while, then
/// one is, and its outcome decides. State only: the clock is in the caller's hand.
///
/// Each pause is twice the one before, up to a limit, and begins anew once a call has succeeded.
package struct CircuitBreaker: Sendable {
    /// Leave for one call, to be given back with its outcome. One that was given before the circuit last changed says
    /// nothing about how things are now.
    package struct Permit: Hashable, Sendable {
        fileprivate let period: Int
    }

    private enum State {
        case closed(failures: Int)
        case open(until: ContinuousClock.Instant)
        /// Whether the one call is under way.
        case halfOpen(isTrying: Bool)
    }

    private let threshold: Int
    private let firstPause: Duration
    private let longestPause: Duration
    private var state = State.closed(failures: 0)
    private var pause: Duration
    /// Counts the changes of the circuit.
    private var period = 0

    /// - Parameter threshold: Failures in a row that open the circuit.
    package init(threshold: Int, firstPause: Duration, longestPause: Duration) {
        self.threshold = threshold
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.pause = firstPause
    }

    /// Whether calls are let through as they come.
    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// nil while the circuit is open, or while the one call that decides is under way.
    package mutating func admit(at now: ContinuousClock.Instant) -> Permit? {
        switch state {
        case .closed: break
        case .open(let until):
            guard now >= until else { return nil }
            change(to: .halfOpen(isTrying: true))
        case .halfOpen(isTrying: true): return nil
        case .halfOpen(isTrying: false): state = .halfOpen(isTrying: true)
        }
        return Permit(period: period)
    }

    package mutating func succeed(_ permit: Permit) {
        guard permit.period == period else { return }
        switch state {
        case .closed: state = .closed(failures: 0)
        case .open: break
        case .halfOpen:
            pause = firstPause
            change(to: .closed(failures: 0))
        }
    }

    package mutating func fail(_ permit: Permit, at now: ContinuousClock.Instant) {
        guard permit.period == period else { return }
        switch state {
        case .closed(let failures) where failures + 1 < threshold: state = .closed(failures: failures + 1)
        case .closed, .halfOpen:
            change(to: .open(until: now + pause))
            pause = min(pause * 2, longestPause)
        case .open: break
        }
    }

    /// The call was given up by its caller and says nothing about the service.
    package mutating func abandon(_ permit: Permit) {
        guard permit.period == period, case .halfOpen = state else { return }
        state = .halfOpen(isTrying: false)
    }

    private mutating func change(to next: State) {
        state = next
        period += 1
    }
}
