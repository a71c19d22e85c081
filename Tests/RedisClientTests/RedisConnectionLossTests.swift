import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// Every call ends, and says whether its command may have run, whatever happens to the server.
@Suite struct RedisConnectionLossTests {
    private enum Outcome { case ran, mayHaveRun, didNotRun }

    /// `whileStopped`: the server is stopped first, so that commands are in flight for sure when it dies.
    @Test(
        "`kill -9` in mid-pipeline: everyone hears, and what ran is what was said", .timeLimit(.minutes(1)),
        arguments: [false, true])
    func killed(whileStopped: Bool) async throws {
        let server = try await RedisServer()
        let outcomes = try await withClient(server.url, { $0.commandTimeout = .seconds(1) }) { client in
            _ = try await client.send(RedisCommand("SET", "count", 0), timeout: .seconds(20))
            return try await withThrowingTaskGroup(of: [Outcome].self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        var outcomes: [Outcome] = []
                        while true {
                            do throws(RedisClientError) {
                                _ = try await client.send(RedisCommand("INCR", "count"))
                                outcomes.append(.ran)
                            } catch {
                                outcomes.append(error.mayHaveRun ? .mayHaveRun : .didNotRun)
                                let codes: [RedisClientError.Code] = [
                                    .connectionLost, .notConnected, .deadlineExceeded,
                                ]
                                #expect(codes.contains(error.code), "\(error)")
                                return outcomes
                            }
                        }
                    }
                }
                group.addTask {
                    try await eventually("commands are running") {
                        let count = try await client.send(RedisCommand("GET", "count"), timeout: .seconds(20))
                        return (count.integer ?? 0) > 2_000
                    }
                    if whileStopped {
                        server.signal(SIGSTOP)
                        try await Task.sleep(for: .milliseconds(200))
                    }
                    server.stop(SIGKILL)
                    return []
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }
        let ran = outcomes.count { $0 == .ran }
        let uncertain = outcomes.count { $0 == .mayHaveRun }
        if whileStopped { #expect(uncertain > 0, "the server has to die with commands in flight") }
        try await server.restart()
        let count = try await withClient(server.url) { try await $0.send(RedisCommand("GET", "count")).integer ?? 0 }
        #expect(Int(count) >= ran && Int(count) <= ran + uncertain)
    }

    @Test("A command issued while the server is away waits for it; one with too little time did not run")
    func restarted() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.commandTimeout = .seconds(20) }) { client in
            _ = try await client.send(RedisCommand("SET", "a", 1))
            #expect(client.isConnected)
            server.stop()
            try await eventually("the loss is noticed") { !client.isConnected }
            let error = try await redisError {
                _ = try await client.send(RedisCommand("GET", "a"), timeout: .milliseconds(50))
            }
            #expect(error?.code == .notConnected)
            #expect(error?.mayHaveRun == false)
            #expect(error?.underlying != nil, "the error tells why there is no connection")
            async let waiting = client.send(RedisCommand("GET", "a"))
            try await server.restart()
            #expect(try await waiting.integer == 1)
        }
    }

    @Test("Commands issued before the client runs wait for its first connection")
    func early() async throws {
        let server = try await RedisServer.shared
        let client = RedisClient(
            configuration: try RedisConfiguration(url: server.url), logger: quiet)
        let error = try await redisError { _ = try await client.send(RedisCommand("PING"), timeout: .milliseconds(20)) }
        #expect(error?.code == .notConnected)
        async let reply = client.send(RedisCommand("PING"))
        let running = Task { try await client.run() }
        #expect(try await reply == .status("PONG"))
        running.cancel()
        try await running.value
    }

    @Test("Replies cut off in the middle: those before are delivered, the others may have run")
    func torn() async throws {
        let server = try await ScriptedServer { connection, input in
            if input.contains("PING") { return .text("+PONG\r\n") }
            return connection == 1 ? .last("+one\r\n$10\r\nhal") : .text("+again\r\n")
        }
        try await withClient(server.url) { client in
            let error = try await redisError {
                _ = try await client.pipeline([RedisCommand("A"), RedisCommand("B"), RedisCommand("C")])
            }
            #expect(error?.code == .connectionLost)
            #expect(error?.mayHaveRun == true)
            #expect(try await client.send(RedisCommand("A")) == .status("again"))
            #expect(server.connections == 2)
        }
    }

    @Test("A server that does not speak the protocol, or says more than it was asked, is left and tried again")
    func violation() async throws {
        for answer in ["HTTP/1.1 400\r\n", "+one\r\n+two\r\n"] {
            let server = try await ScriptedServer { connection, input in
                if input.contains("PING") { return .text("+PONG\r\n") }
                return .text(connection == 1 ? answer : "+right\r\n")
            }
            try await withClient(server.url) { client in
                let first = try await redisError { _ = try await client.send(RedisCommand("A")) }
                #expect(answer.hasPrefix("+") ? first == nil : first?.code == .protocolViolation)
                try await eventually("a new connection") { server.connections == 2 && client.isConnected }
                #expect(try await client.send(RedisCommand("A")) == .status("right"))
            }
        }
    }

    @Test("A server that is still loading is not used yet")
    func loading() async throws {
        let server = try await ScriptedServer { connection, input in
            if input.contains("PING") {
                return .text(connection < 3 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+PONG\r\n")
            }
            return .text("+fine\r\n")
        }
        try await withClient(server.url) { client async throws in
            #expect(try await client.send(RedisCommand("A")) == .status("fine"))
            #expect(server.connections == 3)
        }
    }
}
