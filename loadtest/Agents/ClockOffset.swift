/// How much more another machine's monotonic clock shows than ours, from questions and answers (Cristian's algorithm:
/// the answer was made halfway; of several the quickest is the most exact, to half of its round trip).
struct ClockOffset: Sendable {
    private(set) var offset: Instant = 0
    /// The quickest round trip so far; the offset is off by half of it at most.
    private(set) var roundTrip = Instant.max

    mutating func note(asked: Instant, shown: Instant, answered: Instant) {
        guard answered - asked < roundTrip else { return }
        roundTrip = answered - asked
        offset = shown - (asked + roundTrip / 2)
    }
}
