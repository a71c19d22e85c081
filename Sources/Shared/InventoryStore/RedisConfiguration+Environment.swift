package import OnsaleConfiguration
package import RedisClient

extension RedisConfiguration {
    /// - `redis.url` (REDIS_URL, required, secret): one server, a cluster or sentinels, as `init(url:)` reads it.
    /// - `redis.wait.replicas` (REDIS_WAIT_REPLICAS, default 0, 0...10): replicas that must have an order before it is
    ///   accepted; 0 asks none.
    /// - `redis.wait.timeout` (REDIS_WAIT_TIMEOUT, default 500ms, 1ms...10s): how long they may take; then the purchase
    ///   is answered by 503, and its retry asks them again.
    package init(config: ConfigReader) throws {
        try self.init(url: config.required("redis.url", isSecret: true))
        waitReplicas = try config.int("redis.wait.replicas", default: 0, in: 0...10)
        waitTimeout = try config.duration(
            "redis.wait.timeout", default: waitTimeout, in: .milliseconds(1)...(.seconds(10)))
    }
}
