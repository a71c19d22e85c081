import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// Against a real sentinel.
@Suite("Sentinels", .timeLimit(.minutes(2)))
struct SentinelTests {
    @Test("Commands go to whom the sentinels name, after its death to whom they name then; so do news")
    func killedPrimary() async throws {
        let sentinel = try await RedisSentinel()
        try await withClient(try sentinel.url) { client in
            var pushes = client.subscribe(to: ["channel"]).makeAsyncIterator()
            #expect(await pushes.next() == .subscribed)
            _ = try await client.send(RedisCommand("SET", key: "key", "1"))
            #expect(
                try await client.send(RedisCommand("CONFIG", "GET", "port")).array?.last?.integer
                    == Int64(sentinel.servers[0].port))
            sentinel.servers[0].stop(SIGKILL)
            #expect(await pushes.next() == .disconnected)
            try await eventually("the replica is primary") {
                do { return try await client.send(RedisCommand("INCR", key: "key")).integer ?? 0 >= 1 } catch {
                    return false
                }
            }
            #expect(await pushes.next() == .subscribed)
            _ = try await client.send(RedisCommand("PUBLISH", key: "channel", "news"))
            #expect(await pushes.next() == .message(channel: "channel", payload: Array("news".utf8)))
        }
    }

    @Test("A primary that was made a replica refuses to write, and the client leaves it")
    func demotedPrimary() async throws {
        let sentinel = try await RedisSentinel()
        try await withClient(try sentinel.url) { client in
            _ = try await client.send(RedisCommand("SET", key: "key", "1"))
            try await withClient("redis://127.0.0.1:\(sentinel.port)") { admin in
                try await eventually("the sentinel makes the replica primary") {
                    let order = RedisCommand("SENTINEL", "FAILOVER", .init(RedisSentinel.primaryName))
                    do { return try await admin.send(order) == .status("OK") } catch { return false }
                }
            }
            try await withClient(sentinel.servers[1].url) { promoted in
                try await eventually("writes reach the new primary") {
                    do throws(RedisClientError) { _ = try await client.send(RedisCommand("INCR", key: "key")) } catch {
                        #expect(error.code != .server || !error.mayHaveRun)
                        return false
                    }
                    // Sentinels end all connections to a server that they promote.
                    do throws(RedisClientError) {
                        let role = try await promoted.send(RedisCommand("ROLE")).array?.first?.string
                        let value = try await promoted.send(RedisCommand("GET", key: "key")).integer ?? 0
                        return role == "master" && value > 1
                    } catch {
                        return false
                    }
                }
            }
        }
    }

    @Test("A name that the sentinels do not know is the reason that commands fail for")
    func unknownName() async throws {
        let sentinel = try await RedisSentinel()
        try await withClient("redis-sentinel://127.0.0.1:\(sentinel.port)/other") { client in
            let error = try await redisError {
                _ = try await client.send(RedisCommand("PING"), timeout: .milliseconds(700))
            }
            #expect(error?.code == .notConnected)
            #expect(error.map { "\($0)" }?.contains("knows no primary other") == true)
        }
    }
}
