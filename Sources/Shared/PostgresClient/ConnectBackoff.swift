/// Pauses between attempts to connect: doubling, bounded, and jittered so that many programs do not come back at once.
struct ConnectBackoff {
    let base: Duration
    let limit: Duration

    /// - Parameters:
    ///   - failures: attempts that failed in a row, at least 1.
    ///   - random: from 0 to 1; the pause is between half of the full one and all of it.
    func pause(failures: Int, random: Double) -> Duration {
        let doublings = min(max(failures - 1, 0), 20)  // 2^20 times any sensible base is beyond any limit.
        return min(base * (1 << doublings), limit) * (0.5 + 0.5 * random)
    }
}
