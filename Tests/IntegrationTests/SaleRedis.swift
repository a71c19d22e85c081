import Foundation
import TestSupport

/// The Redis under a sale: one server, or a cluster. A test that breaks it says what it does to either.
enum SaleRedis: Sendable {
    enum Kind {
        case server
        case cluster

        /// What ONSALE_TEST_REDIS says: `server` (the default) or `cluster`, as `make test-cluster` sets it.
        static var ofThisRun: Kind {
            ProcessInfo.processInfo.environment["ONSALE_TEST_REDIS"] == "cluster" ? .cluster : .server
        }
    }

    case server(RedisServer)
    case cluster(RedisCluster)

    init(_ kind: Kind) async throws {
        switch kind {
        case .server: self = .server(try await RedisServer())
        case .cluster: self = .cluster(try await RedisCluster())
        }
    }

    var url: String {
        switch self {
        case .server(let server): server.url
        case .cluster(let cluster): cluster.url
        }
    }

    /// Runs one command and returns what redis-cli prints: in a cluster at the node of the key that follows the command's
    /// name, or, when no key of ours does, at every primary, one after another.
    func command(_ words: [String]) throws -> String {
        switch self {
        case .server: return try Self.run(words, url)
        case .cluster(let cluster):
            if words.count > 1, words[1].hasPrefix("{p") { return try cluster.command(words, key: words[1]) }
            return try cluster.commandAtPrimaries(words).joined(separator: "\n")
        }
    }

    /// Ends every server with `signal`.
    func stop(_ signal: Int32) {
        switch self {
        case .server(let server): server.stop(signal)
        case .cluster(let cluster): cluster.stop(signal)
        }
    }

    func restart() async throws {
        switch self {
        case .server(let server): try await server.restart()
        case .cluster(let cluster): try await cluster.restart()
        }
    }

    /// Where redis-cli writes to, a file for each call.
    private static let outputs = Result { try temporaryDirectory("redis-cli") }

    private static func run(_ words: [String], _ url: String) throws -> String {
        let log = try outputs.get().appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: log) }  // Goes with its folder at the latest.
        let process = try ServerProcess(["redis-cli", "-e", "-u", url] + words, log: log)
        guard process.waitUntilExit() == 0 else { throw ServerError(description: process.output) }
        return process.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
