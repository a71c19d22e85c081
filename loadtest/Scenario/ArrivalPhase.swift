import Foundation

/// A stretch of a scenario in which visitors come in one way; phases follow each other.
enum ArrivalPhase: Codable, Equatable, Sendable {
    /// So many, at the times of a schedule.
    case counted(SendSchedule, count: Int)
    /// Evenly spaced, at a rate per second.
    case steady(rate: Double, seconds: Double)
    /// At independent instants around a mean rate per second.
    case poisson(rate: Double, seconds: Double)
    /// Evenly spaced while the rate changes in a straight line.
    case ramp(from: Double, to: Double, seconds: Double)
    /// Steady rates one after the other.
    case steps(rates: [Double], seconds: Double)
    /// Nobody comes.
    case pause(seconds: Double)

    /// How many come, as far as it is known before they are drawn; for the bound on a plan.
    var expectedCount: Double {
        switch self {
        case .counted(_, let count): Double(count)
        case .steady(let rate, let seconds), .poisson(let rate, let seconds): rate * seconds
        case .ramp(let from, let to, let seconds): (from + to) / 2 * seconds
        case .steps(let rates, let seconds): rates.reduce(0, +) * seconds
        case .pause: 0
        }
    }

    /// Seconds until the next phase begins. Of a counted schedule, when the last of its arrivals is due.
    func length(_ offsets: [Instant]) -> Double {
        switch self {
        case .counted(.burst(let seconds), _), .steady(_, let seconds), .poisson(_, let seconds),
            .ramp(_, _, let seconds), .pause(let seconds):
            seconds
        case .steps(let rates, let seconds): Double(rates.count) * seconds
        case .counted: Double(offsets.last ?? 0) / 1e9
        }
    }

    /// Arrival times in nanoseconds from the phase's begin, ascending.
    func offsets(using generator: inout SeededGenerator) -> [Instant] {
        switch self {
        case .counted(let schedule, let count):
            schedule.offsets(count: count, using: &generator)
        case .steady(let rate, let seconds):
            SendSchedule.uniform(rate: rate).offsets(count: Int((rate * seconds).rounded()), using: &generator)
        case .poisson(let rate, let seconds):
            Self.poisson(rate, seconds, using: &generator)
        case .ramp(let from, let to, let seconds):
            Self.ramp(from, to, seconds)
        case .steps(let rates, let seconds):
            rates.enumerated().flatMap { step, rate in
                (0..<Int((rate * seconds).rounded())).map {
                    Instant((Double(step) * seconds + Double($0) / rate) * 1e9)
                }
            }
        case .pause: []
        }
    }

    private static func poisson(
        _ rate: Double, _ seconds: Double, using generator: inout SeededGenerator
    ) -> [Instant] {
        var offsets: [Instant] = []
        var time = SendSchedule.gap(rate, using: &generator)
        while time < seconds {
            offsets.append(Instant(time * 1e9))
            time += SendSchedule.gap(rate, using: &generator)
        }
        return offsets
    }

    /// The `n`th arrival is when the area under the rate has grown to `n`: the root of from·t + (to − from)·t²/2s = n.
    private static func ramp(_ from: Double, _ to: Double, _ seconds: Double) -> [Instant] {
        let count = Int(((from + to) / 2 * seconds).rounded())
        let slope = (to - from) / seconds
        return (0..<count).map { number in
            let area = Double(number)
            // Of the two forms of the root the one that does not subtract like from like, so that slopes near 0 are
            // safe.
            let time = 2 * area / (from + (max(0, from * from + 2 * slope * area)).squareRoot())
            return Instant((time.isFinite ? time : 0) * 1e9)
        }
    }
}
