import Logging
import NIOCore

/// Asks sentinels where the primary is ("Guidelines for Redis clients with support for Redis Sentinel").
struct SentinelDirectory: Sendable {
    /// How long one sentinel may take to answer.
    private static let timeout = Duration.seconds(1)

    let primary: String
    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    let logger: Logger

    /// The address that the first sentinel that answers names. Sentinels are asked one after another, from a random
    /// one on, and without the servers' password.
    func locatePrimary() async throws -> RedisAddress {
        var failure = RedisClientError(.notConnected, "no sentinel was asked", mayHaveRun: false)
        for address in configuration.addresses.shuffled() {
            do throws(RedisClientError) { return try await ask(address) } catch { failure = error }
            try Task.checkCancellation()
        }
        throw failure
    }

    private func ask(_ sentinel: RedisAddress) async throws(RedisClientError) -> RedisAddress {
        var settings = configuration.unmeasured.at(sentinel)
        settings.username = nil
        settings.password = nil
        settings.database = 0
        var quiet = logger
        quiet.logLevel = .error
        let link = RedisLink(configuration: settings, eventLoop: eventLoop, logger: quiet)
        let command = RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", RedisArgument(primary))
        let reply = try await link.answer(to: command, within: Self.timeout)
        guard let parts = reply.array, parts.count == 2, let host = parts[0].string,
            let port = parts[1].integer.flatMap({ UInt16(exactly: $0) })
        else {
            throw RedisClientError(
                .notConnected, "the sentinel at \(sentinel) knows no primary \(primary)", mayHaveRun: false)
        }
        return RedisAddress(host: host, port: Int(port))
    }
}
