import Foundation
import NIOPosix
import TestSupport
import Testing

@testable import RedisClient

/// Commands, pipelines and scripts on a real Redis.
@Suite struct RedisCommandTests {
    private let prefix = UUID().uuidString

    private func key(_ name: String) -> RedisArgument { "\(prefix):\(name)" }

    @Test("A command gets its reply, and the server's error is thrown with its prefix")
    func command() async throws {
        try await withClient(RedisServer.shared.url) { client in
            let bytes: [UInt8] = [0, 13, 10, 255]
            #expect(try await client.send(RedisCommand("SET", key("a"), RedisArgument(bytes: bytes))) == .status("OK"))
            #expect(try await client.send(RedisCommand("GET", key("a"))) == .bytes(bytes))
            #expect(try await client.send(RedisCommand("GET", key("none"))) == .null)
            #expect(try await client.send(RedisCommand("PING"), timeout: .seconds(Int64.max)) == .status("PONG"))
            #expect(try await client.send(RedisCommand("INCRBY", key("n"), 41)).integer == 41)
            let error = try await redisError { _ = try await client.send(RedisCommand("LPUSH", key("a"), "x")) }
            #expect(error?.code == .server)
            #expect(error?.serverError?.prefix == "WRONGTYPE")
        }
    }

    @Test("A pipeline's replies come in order, errors in their places; an empty one is answered at once")
    func pipeline() async throws {
        try await withClient(RedisServer.shared.url) { client in
            let replies = try await client.pipeline([
                RedisCommand("SET", key("a"), 1), RedisCommand("LPUSH", key("a"), 1), RedisCommand("INCR", key("a")),
                RedisCommand("GET", key("a")),
            ])
            #expect(replies.count == 4)
            #expect(replies[0] == .status("OK"))
            guard case .error(let error) = replies[1] else {
                Issue.record("no error: \(replies[1])")
                return
            }
            #expect(error.prefix == "WRONGTYPE")
            #expect(replies[2...] == [.integer(2), .bytes([50])])
            #expect(try await client.pipeline([]) == [])
        }
    }

    @Test("10,000 commands at once get each their own reply, on one connection and on three")
    func concurrent() async throws {
        for connections in [1, 3] {
            try await withClient(RedisServer.shared.url, { $0.sharedConnections = connections }) { client in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<10_000 {
                        group.addTask { try await Self.hasOwnReplies(number, client) }
                    }
                    for try await hasOwnReplies in group { #expect(hasOwnReplies) }
                }
            }
        }
    }

    /// Every tenth is a pipeline.
    private static func hasOwnReplies(_ number: Int, _ client: RedisClient) async throws -> Bool {
        guard number.isMultiple(of: 10) else {
            return try await client.send(RedisCommand("ECHO", RedisArgument(number))).integer == Int64(number)
        }
        let replies = try await client.pipeline([
            RedisCommand("ECHO", "a\(number)"), RedisCommand("ECHO", "b\(number)"),
        ])
        return replies.map(\.string) == ["a\(number)", "b\(number)"]
    }

    @Test("Commands of one task run in its order, each seeing the one before")
    func order() async throws {
        try await withClient(RedisServer.shared.url) { client in
            let pipelines = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let commands = (0..<100).map { _ in RedisCommand("INCR", self.key("order")) }
                        return try await client.pipeline(commands).compactMap(\.integer)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(pipelines.allSatisfy { $0.count == 100 && $0 == $0.sorted() })
            #expect(Set(pipelines.joined()) == Set(1...2_000))
        }
    }

    @Test("One event loop can be given as the group")
    func pinned() async throws {
        let client = RedisClient(
            configuration: try RedisConfiguration(url: try await RedisServer.shared.url),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton.next(), logger: quiet)
        let running = Task { try await client.run() }
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
        running.cancel()
        try await running.value
    }
}

/// Scripts on a Redis of their own, as `SCRIPT FLUSH` takes those of others too.
@Suite struct RedisScriptTests {
    private static let script = RedisScript(
        name: "add", source: "#!lua\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])")

    @Test("Scripts run while the server forgets them all the time, each exactly once, in pipelines too")
    func flushed() async throws {
        let server = try await RedisServer()
        try await withClient(server.url) { client in
            let flushing = Task {
                while !Task.isCancelled {
                    _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            let sums = try await withThrowingTaskGroup(of: Int64.self) { group in
                for caller in 0..<16 {
                    group.addTask {
                        for round in 0..<200 {
                            let call = Self.script.command(keys: ["total"], arguments: [1])
                            if (caller + round).isMultiple(of: 2) {
                                _ = try await client.send(call)
                            } else {
                                let replies = try await client.pipeline([
                                    RedisCommand("ECHO", RedisArgument(round)), call, RedisCommand("ECHO", "last"),
                                ])
                                guard replies[0].integer == Int64(round), replies[1].integer != nil,
                                    replies[2].string == "last"
                                else { throw ServerError(description: "replies out of place: \(replies)") }
                            }
                        }
                        return 200
                    }
                }
                return try await group.reduce(0, +)
            }
            flushing.cancel()
            #expect(try await client.send(RedisCommand("GET", "total")).integer == sums)
            let statistics = try await client.send(RedisCommand("INFO", "errorstats")).string ?? ""
            #expect(statistics.contains("errorstat_NOSCRIPT"), "the test has to meet what it is about")
        }
    }

    @Test("The digest alone, without its source, is refused: it is the client that brings the source")
    func control() async throws {
        let server = try await RedisServer()
        try await withClient(server.url) { client in
            let plain = RedisCommand("EVALSHA", RedisArgument(Self.script.sha1), 1, "k", 1)
            let error = try await redisError { _ = try await client.send(plain) }
            #expect(error?.serverError?.prefix == "NOSCRIPT")
            #expect(error?.mayHaveRun == false)
            #expect(try await client.send(Self.script.command(keys: ["k"], arguments: [2])) == .integer(2))
            #expect(try await client.send(plain) == .integer(3))
        }
    }

    @Test("A script's own error is thrown and not repeated")
    func failing() async throws {
        try await withClient(RedisServer.shared.url) { client in
            let failing = RedisScript(name: "fails", source: "return redis.error_reply('MINE is wrong')")
            let error = try await redisError { _ = try await client.send(failing.command(keys: [])) }
            #expect(error?.serverError?.prefix == "MINE")
        }
    }
}
