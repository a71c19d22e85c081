import Synchronization

/// Buckets of one process, for tests of what uses them.
package final class InMemoryRateLimiter: RateLimiter {
    private let buckets = Mutex<[RateLimit: TokenBuckets<String>]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant
    private let start = ContinuousClock.now

    /// - Parameter now: Tests put a clock of their own here.
    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    package func take(from bucket: String, _ limit: RateLimit) async -> Duration? {
        with(limit) { $0.take(bucket, now: $1) }.map { .nanoseconds($0) }
    }

    package func giveBack(to bucket: String, _ limit: RateLimit) async {
        with(limit) { $0.giveBack(bucket, now: $1) }
    }

    private func with<Value: Sendable>(
        _ limit: RateLimit, _ work: (inout TokenBuckets<String>, Int64) -> Value
    ) -> Value {
        let now = Int64((now() - start) / .nanoseconds(1))
        return buckets.withLock { work(&$0[limit, default: TokenBuckets(limit, capacity: 10_000)], now) }
    }
}
