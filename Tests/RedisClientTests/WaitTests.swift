import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// `WAIT` against a real primary and replica.
@Suite("Confirmation by replicas", .timeLimit(.minutes(2)))
struct WaitTests {
    private static let script = RedisScript(name: "increment", source: "#!lua\nreturn redis.call('INCR', KEYS[1])")

    /// Runs `body` with a client that asks one replica, and with both servers.
    private func withReplica(
        _ body: (RedisClient, _ primary: RedisServer, _ replica: RedisServer) async throws -> Void
    ) async throws {
        let primary = try await RedisServer()
        var options = RedisServer.Options()
        options.arguments = ["--replicaof", "127.0.0.1", "\(primary.port)"]
        let replica = try await RedisServer(options)
        try await withClient(primary.url) { observer in
            try await eventually("the replica is in step") {
                try await observer.send(RedisCommand("WAIT", 1, 100)).integer == 1
            }
        }
        let change: (inout RedisConfiguration) -> Void = {
            $0.waitReplicas = 1
            $0.waitTimeout = .milliseconds(300)
        }
        try await withClient(primary.url, change) { try await body($0, primary, replica) }
    }

    @Test("A confirmed command's effect is on the replica when its reply comes")
    func confirmed() async throws {
        try await withReplica { client, _, replica in
            try await withClient(replica.url) { reader in
                for number in 1...50 {
                    let reply = try await client.send(Self.script.command(keys: ["key"]).confirmedByReplicas())
                    #expect(reply.integer == Int64(number))
                    #expect(try await reader.send(RedisCommand("GET", key: "key")).integer == Int64(number))
                }
            }
        }
    }

    @Test("Commands that come together are confirmed together")
    func grouped() async throws {
        try await withReplica { client, _, _ in
            let before = try await Self.waits(client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<1_000 {
                    group.addTask {
                        _ = try await client.send(RedisCommand("INCR", key: "many").confirmedByReplicas())
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await client.send(RedisCommand("GET", key: "many")).integer == 1_000)
            let waits = try await Self.waits(client) - before
            #expect(waits > 0 && waits < 500, "\(waits) questions for 1,000 commands")
        }
    }

    @Test("Without the replica a command has run and is not confirmed; one that asks none is answered")
    func unconfirmed() async throws {
        try await withReplica { client, _, replica in
            replica.stop(SIGKILL)
            let call = Self.script.command(keys: ["key"])
            let error = try await redisError { _ = try await client.send(call.confirmedByReplicas()) }
            #expect(error?.code == .notReplicated)
            #expect(error?.mayHaveRun == true)
            // Negative control: unmarked, the same command is answered although only the primary has it.
            #expect(try await client.send(call).integer == 2)
            try await replica.restart()
            try await eventually("the replica confirms again") {
                do { return try await client.send(call.confirmedByReplicas()).integer ?? 0 > 2 } catch { return false }
            }
        }
    }

    @Test("A server's error needs no confirmation")
    func refused() async throws {
        try await withReplica { client, _, replica in
            replica.stop(SIGKILL)
            let error = try await redisError {
                _ = try await client.send(RedisCommand("NONE", key: "key").confirmedByReplicas())
            }
            #expect(error?.code == .server)
        }
    }

    /// How often the server was asked for its replicas' confirmation.
    private static func waits(_ client: RedisClient) async throws -> Int {
        let statistics = try await client.send(RedisCommand("INFO", "commandstats")).string ?? ""
        return statistics.firstMatch(of: /cmdstat_wait:calls=([0-9]+)/).flatMap { Int($0.1) } ?? 0
    }
}
