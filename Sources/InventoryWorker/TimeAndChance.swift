import Foundation
import ServiceLifecycle

/// The time and the chance that a worker's parts live by: the machine's, or those of a simulation.
package struct TimeAndChance: RandomNumberGenerator, Sendable {
    /// The time that never steps.
    let now: @Sendable () -> ContinuousClock.Instant
    /// The calendar's time in milliseconds since 1970, to be compared with Redis' stream ids; metrics only.
    let calendar: @Sendable () -> Int64
    /// Sleeps; throws when the task is cancelled, and then at once.
    let sleep: @Sendable (Duration) async throws -> Void
    /// Sleeps, but not beyond a graceful shutdown or a cancellation.
    let pause: @Sendable (Duration) async -> Void
    private let random: @Sendable () -> UInt64

    package init(
        now: @escaping @Sendable () -> ContinuousClock.Instant, calendar: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        pause: @escaping @Sendable (Duration) async -> Void, random: @escaping @Sendable () -> UInt64
    ) {
        self.now = now
        self.calendar = calendar
        self.sleep = sleep
        self.pause = pause
        self.random = random
    }

    package static let machine = TimeAndChance(
        now: { .now }, calendar: { Int64(Date().timeIntervalSince1970 * 1_000) },
        sleep: { try await Task.sleep(for: $0) },
        pause: { duration in
            await cancelWhenGracefulShutdown {
                // Being cancelled is how the pause ends early.
                try? await Task.sleep(for: duration)
            }
        },
        random: {
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        })

    package func next() -> UInt64 { random() }

    /// Between half and all of `duration`, so that those who fail together do not come back together.
    func jittered(_ duration: Duration) -> Duration {
        var generator = self
        return duration * Double.random(in: 0.5...1, using: &generator)
    }
}
