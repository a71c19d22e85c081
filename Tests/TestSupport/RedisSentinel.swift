import Foundation

/// A private Redis primary with a replica, watched by a sentinel that alone decides on a fail-over.
package final class RedisSentinel: Sendable {
    package static let primaryName = "onsale"
    /// How long a server may be silent, in milliseconds, before the sentinel calls it down.
    private static let silence = 500

    /// The primary at first, and its replica.
    package let servers: [RedisServer]
    package let port: Int
    private let directory: URL
    private let sentinel: ServerProcess

    package init() async throws {
        let primary = try await RedisServer()
        var options = RedisServer.Options()
        options.arguments = ["--replicaof", "127.0.0.1", "\(primary.port)"]
        servers = [primary, try await RedisServer(options)]
        port = try freePort()
        directory = try temporaryDirectory("sentinel")
        // The sentinel writes what it learns into its configuration.
        let configuration = directory.appending(path: "sentinel.conf")
        try """
        bind 127.0.0.1
        port \(port)
        dir "\(directory.path)"
        sentinel monitor \(Self.primaryName) 127.0.0.1 \(primary.port) 1
        sentinel down-after-milliseconds \(Self.primaryName) \(Self.silence)
        sentinel failover-timeout \(Self.primaryName) 3000

        """.write(to: configuration, atomically: true, encoding: .utf8)
        sentinel = try ServerProcess(
            ["redis-server", configuration.path, "--sentinel"], log: directory.appending(path: "sentinel.log"))
        let log = sentinel.log
        try await eventually("the sentinel knows the replica: see \(log.path)") {
            try String(contentsOf: log, encoding: .utf8).contains("+slave slave")
        }
    }

    /// `redis-sentinel://` with the sentinel, and before it one that is not there.
    package var url: String {
        get throws { "redis-sentinel://127.0.0.1:\(try freePort()),127.0.0.1:\(port)/\(Self.primaryName)" }
    }

    deinit {
        sentinel.stop(SIGKILL)
        try? FileManager.default.removeItem(at: directory)  // A file left in the temporary folder fails no test.
    }
}
