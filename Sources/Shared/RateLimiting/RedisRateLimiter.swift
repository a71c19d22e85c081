package import Logging
import Observability
package import RedisClient
import Synchronization

/// Buckets in Redis, by `Scripts/take.lua`, so that a limit holds for all gateways together.
///
/// While Redis is away nothing is limited: signing in must not depend on it.
package final class RedisRateLimiter: RateLimiter {
    private static let script = RedisScript(
        name: "take", source: String(decoding: PackageResources.take_lua, as: UTF8.self))
    /// Longer nobody waits for a limit.
    private static let timeout: Duration = .milliseconds(500)
    /// How often it is said that nothing is limited.
    private static let warningPause: Duration = .seconds(10)

    private let redis: RedisClient
    private let prefix: String
    private let logger: Logger
    private let lastWarning = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameter prefix: What the keys begin with.
    package init(redis: RedisClient, prefix: String = "limit:", logger: Logger) {
        self.redis = redis
        self.prefix = prefix
        self.logger = logger
    }

    package func take(from bucket: String, _ limit: RateLimit) async -> Duration? {
        let wait = await run(bucket, limit, tokens: "1")
        return wait > 0 ? .microseconds(wait) : nil
    }

    package func giveBack(to bucket: String, _ limit: RateLimit) async { _ = await run(bucket, limit, tokens: "-1") }

    private func run(_ bucket: String, _ limit: RateLimit, tokens: RedisArgument) async -> Int64 {
        let command = Self.script.command(
            keys: [RedisArgument(prefix + bucket)],
            arguments: [RedisArgument(limit.burst), RedisArgument(Int(limit.each / .microseconds(1))), tokens])
        do throws(RedisClientError) {
            return try await redis.send(command, timeout: Self.timeout).integer ?? 0
        } catch {
            warn(error)
            return 0
        }
    }

    private func warn(_ error: RedisClientError) {
        let isDue = lastWarning.withLock { last in
            let now = ContinuousClock.now
            if let last, now - last < Self.warningPause { return false }
            last = now
            return true
        }
        if isDue { logger.warning("rate_limits.off", metadata: [LogKey.error: "\(error)"]) }
    }
}
