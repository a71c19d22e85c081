/// When a client should ask about its order again. Polls must not cost more than purchases (P25), and nobody should
/// wait long for news that is there.
enum PollAdvice {
    /// The longest pause, so that a place in line on a screen never stands still for long.
    static let maximum: Duration = .seconds(10)
    /// The shortest: a lane commits several batches in this time.
    static let minimum: Duration = .milliseconds(200)
    /// While the payment provider is asked, which takes about a second.
    static let payment: Duration = .milliseconds(500)
    /// The advice where nothing is known of the line.
    static let standard: Duration = .milliseconds(500)
    /// The drain rate assumed while none is known, in orders a second: a tenth of what was measured of one lane.
    private static let assumedDrainRate = 1_000.0

    /// Half the time to the head of the line, so that the estimate gets better as the order moves up.
    static func queued(place: Int64, drainRate: Double) -> Duration {
        let rate = drainRate > 0 ? drainRate : assumedDrainRate
        let wait = Duration.milliseconds(Int64(min(Double(place) / rate * 500, 1_000_000)))
        return min(max(wait, minimum), maximum)
    }
}
