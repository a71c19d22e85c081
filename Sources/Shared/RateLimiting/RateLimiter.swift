/// Token buckets that are known by name.
///
/// Live: `RedisRateLimiter`, whose buckets all gateways share. In memory: `InMemoryRateLimiter`.
package protocol RateLimiter: Sendable {
    /// Takes a token.
    /// - Returns: nil when there was one, or when it could not be found out; else the time until there is one.
    func take(from bucket: String, _ limit: RateLimit) async -> Duration?

    /// Gives a token back that was taken.
    func giveBack(to bucket: String, _ limit: RateLimit) async
}
