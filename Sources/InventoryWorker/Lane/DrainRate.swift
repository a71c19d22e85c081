/// How many orders a second a lane commits lately: a mean over about the last second of work.
struct DrainRate {
    private(set) var perSecond: Double = 0
    private var last: ContinuousClock.Instant?

    /// Batches this far apart, in seconds, count as a new start: an idle lane's rate says nothing.
    private static let pause = 1.0

    mutating func add(_ count: Int, at now: ContinuousClock.Instant) {
        defer { last = now }
        guard let last else { return }
        let seconds = (now - last) / .seconds(1)
        guard seconds > 0, seconds < DrainRate.pause else { return }
        let weight = min(1, seconds)
        perSecond += (Double(count) / seconds - perSecond) * weight
    }
}
