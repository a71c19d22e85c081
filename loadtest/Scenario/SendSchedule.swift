import Foundation

/// When purchases are sent, fixed before the first one leaves: an open model. Buyers do not wait for each other, so a
/// stall of the service shows in every latency behind it (pitfall P27, coordinated omission).
enum SendSchedule: Codable, Equatable, Sendable {
    /// Independent arrivals at this mean rate per second: exponential gaps.
    case poisson(rate: Double)
    /// One arrival every 1/rate seconds.
    case uniform(rate: Double)
    /// Everybody within this many seconds, at independent instants.
    case burst(seconds: Double)

    /// `count` send times in nanoseconds from the start, ascending.
    func offsets(count: Int, using generator: inout SeededGenerator) -> [Instant] {
        let second = 1e9
        switch self {
        case .poisson(let rate):
            var time = 0.0
            return (0..<count).map { _ in
                time += Self.gap(rate, using: &generator)
                return Instant(time * second)
            }
        case .uniform(let rate):
            return (0..<count).map { Instant(Double($0) / rate * second) }
        case .burst(let seconds):
            return (0..<count).map { _ in Instant(generator.unit() * seconds * second) }.sorted()
        }
    }

    /// Seconds between two independent arrivals: exponential.
    static func gap(_ rate: Double, using generator: inout SeededGenerator) -> Double {
        -log(1 - generator.unit()) / rate
    }
}
