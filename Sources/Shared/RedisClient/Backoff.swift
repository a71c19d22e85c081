/// Pauses between attempts: doubled each time up to a maximum, each drawn from its upper half.
///
/// The jitter keeps many clients from coming back at the same instant; the lower half is left out so that no client
/// retries at once ("equal jitter", Brooker, "Exponential Backoff And Jitter", AWS 2015).
struct Backoff {
    private let minimum: Duration
    private let maximum: Duration
    private var current: Duration

    init(minimum: Duration, maximum: Duration) {
        self.minimum = minimum
        self.maximum = maximum
        self.current = minimum
    }

    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        defer { current = min(current * 2, maximum) }
        return current * Double.random(in: 0.5...1, using: &generator)
    }

    mutating func reset() {
        current = minimum
    }
}
