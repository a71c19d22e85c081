/// A connection that nobody else uses, so that a blocking command delays no other.
///
/// The timeout of a blocking command must be longer than the time it blocks. Commands sent while another one blocks
/// wait behind it. When a blocking read times out or is cancelled, its reply is dropped: entries that an `XREADGROUP`
/// had already taken stay pending for its consumer.
package final class RedisBlockingConnection: Sendable {
    private let link: RedisLink

    init(link: RedisLink) {
        self.link = link
    }

    /// The same contract as `RedisClient.send`.
    package nonisolated(nonsending) func send(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisClientError) -> RESPValue {
        try await link.send(command, timeout: timeout)
    }

    /// The same contract as `RedisClient.pipeline`.
    package nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisClientError) -> [RESPValue] {
        try await link.pipeline(commands, timeout: timeout)
    }
}
