import NIOCore

/// How long a buyer waits before the next attempt: exponential with jitter, and not less than `Retry-After` says.
struct RetryPolicy: Sendable {
    /// Mean wait before the first retry is half of this.
    var base = TimeAmount.milliseconds(100)
    /// Impatient people reload about every two seconds.
    var maximum = TimeAmount.seconds(2)
    /// Spread added to `Retry-After`, so that those who were told the same second do not come back as one.
    var spread = TimeAmount.milliseconds(500)
    var honoursRetryAfter = true

    /// For the buyer who opens the door before the measured load: short waits, whatever the service advises.
    static let eager = RetryPolicy(base: .milliseconds(50), maximum: .milliseconds(50), honoursRetryAfter: false)

    /// The wait after the `attempt`th failure in a row, counted from 1.
    func wait(attempt: Int, atLeast seconds: Int?, using generator: inout some RandomNumberGenerator) -> TimeAmount {
        if honoursRetryAfter, let seconds, seconds > 0 {
            return .seconds(Int64(seconds)) + .nanoseconds(Int64.random(in: 0..<spread.nanoseconds, using: &generator))
        }
        // 2^16 is far above any cap; the bound keeps the shift from overflowing.
        let ceiling = min(maximum.nanoseconds, base.nanoseconds << min(attempt - 1, 16))
        // At least a tenth of the ceiling: zero would be a hammer.
        return .nanoseconds(Int64.random(in: ceiling / 10...ceiling, using: &generator))
    }
}
