import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// Deadlines, cancellation, servers that fall silent, and the bound on commands in flight.
@Suite struct RedisDeadlineTests {
    private let key: RedisArgument = "\(UUID().uuidString)"

    @Test("A command past its deadline fails, its late reply is dropped and the connection stays")
    func deadline() async throws {
        let server = try await RedisServer.shared
        try await withClient(server.url, { $0.silenceLimit = .seconds(60) }) { client in
            let connection = try await client.connectionID()
            let error = try await redisError {
                _ = try await client.send(RedisCommand("BLPOP", key, 0), timeout: .milliseconds(50))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.mayHaveRun == true)
            try await unblock(key, server)
            #expect(try await client.send(RedisCommand("ECHO", "mine")).string == "mine")
            #expect(try await client.connectionID() == connection)
        }
    }

    @Test("A cancelled command's reply is dropped and the connection stays")
    func cancelled() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.silenceLimit = .seconds(60) }) { client in
            let connection = try await client.connectionID()
            let task = Task { try await client.send(RedisCommand("BLPOP", key, 0), timeout: .seconds(30)) }
            try await waitUntilBlocked(in: "blpop", server)
            task.cancel()
            let error = try await redisError { _ = try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.mayHaveRun == true)
            try await unblock(key, server)
            #expect(try await client.send(RedisCommand("ECHO", "mine")).string == "mine")
            #expect(try await client.connectionID() == connection)
        }
    }

    @Test("A command of a task that is cancelled already is never sent")
    func cancelledBefore() async throws {
        try await withClient(RedisServer.shared.url) { client in
            _ = try await client.send(RedisCommand("PING"))
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                _ = try await client.send(RedisCommand("SET", key, 1))
            }
            task.cancel()
            let error = try await redisError { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.mayHaveRun == false)
            #expect(try await client.send(RedisCommand("EXISTS", key)).integer == 0)
        }
    }

    @Test("Cancelling hundreds of commands at any moment mixes up nobody's replies", .timeLimit(.minutes(1)))
    func cancellationStorm() async throws {
        try await withClient(RedisServer.shared.url) { client async throws in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<2_000 {
                    let task = Task {
                        do {
                            let reply = try await client.send(RedisCommand("ECHO", RedisArgument(number)))
                            #expect(reply.integer == Int64(number))
                        } catch {
                            #expect((error as? RedisClientError)?.code == .cancelled)
                        }
                    }
                    if number.isMultiple(of: 2) { group.addTask { task.cancel() } }
                    group.addTask { await task.value }
                }
            }
            #expect(try await client.send(RedisCommand("ECHO", "after")).string == "after")
        }
    }

    @Test("A server that falls silent is left within seconds, and the next connection is used")
    func blackHole() async throws {
        let server = try await ScriptedServer { connection, input in
            if input.contains("PING") { return .text("+PONG\r\n") }
            return connection == 1 ? .nothing : .text("+alive\r\n")
        }
        let change: (inout RedisConfiguration) -> Void = {
            $0.commandTimeout = .milliseconds(200)
            $0.silenceLimit = .milliseconds(400)
        }
        try await withClient(server.url, change) { client in
            try await eventually("the first connection") { client.isConnected }
            let error = try await redisError { _ = try await client.send(RedisCommand("A")) }
            #expect(error?.code == .deadlineExceeded)
            #expect(error?.mayHaveRun == true)
            try await eventually("a new connection", within: .seconds(5)) { server.connections == 2 }
            #expect(try await client.send(RedisCommand("A"), timeout: .seconds(5)) == .status("alive"))
        }
        // Without the limit nothing ever replaces the connection.
        let stuck = try await ScriptedServer { _, input in input.contains("PING") ? .text("+PONG\r\n") : .nothing }
        try await withClient(stuck.url, { $0.silenceLimit = .seconds(3_600) }) { client in
            try await eventually("the connection") { client.isConnected }
            for _ in 0..<10 {
                let error = try await redisError {
                    _ = try await client.send(RedisCommand("A"), timeout: .milliseconds(100))
                }
                #expect(error?.code == .deadlineExceeded)
            }
            #expect(stuck.connections == 1)
        }
    }

    @Test("A stopped Redis is left, and used again when it goes on")
    func stopped() async throws {
        let server = try await RedisServer()
        let change: (inout RedisConfiguration) -> Void = {
            $0.silenceLimit = .milliseconds(300)
            $0.connectTimeout = .milliseconds(300)
        }
        try await withClient(server.url, change) { client in
            let connection = try await client.connectionID()
            server.signal(SIGSTOP)
            let error = try await redisError {
                _ = try await client.send(RedisCommand("PING"), timeout: .milliseconds(300))
            }
            #expect(error?.code == .deadlineExceeded)
            try await eventually("the connection is given up") { !client.isConnected }
            let unsent = try await redisError {
                _ = try await client.send(RedisCommand("PING"), timeout: .milliseconds(300))
            }
            #expect(unsent?.code == .notConnected)
            #expect(unsent?.mayHaveRun == false)
            server.signal(SIGCONT)
            let after = try await client.connectionID()
            #expect(after != nil && after != connection)
        }
    }

    @Test("A server that accepts and never answers is no connection")
    func neverAnswers() async throws {
        let server = try await ScriptedServer { _, _ in .nothing }
        try await withClient(server.url, { $0.connectTimeout = .milliseconds(100) }) { client in
            let error = try await redisError { _ = try await client.send(RedisCommand("A"), timeout: .seconds(1)) }
            #expect(error?.code == .notConnected)
            #expect(error?.mayHaveRun == false)
            try await eventually("it is tried again") { server.connections > 1 }
        }
    }

    @Test("More commands than the bound are refused at once, and taken again when there is room")
    func overload() async throws {
        let server = try await RedisServer()
        let pings = (0..<11).map { _ in RedisCommand("PING") }
        try await withClient(server.url, { $0.maxInFlight = 10 }) { client in
            let full = Task { try await client.pipeline([RedisCommand("BLPOP", key, 0)] + pings.prefix(9)) }
            try await waitUntilBlocked(in: "blpop", server)
            let refusal = try await redisError { _ = try await client.send(RedisCommand("PING")) }
            #expect(refusal?.code == .overloaded)
            #expect(refusal?.mayHaveRun == false)
            try await unblock(key, server)
            #expect(try await full.value.count == 10)
            for _ in 0..<50 { _ = try await client.send(RedisCommand("PING")) }
            #expect(try await client.pipeline(Array(pings.prefix(10))).count == 10)
            let tooLarge = try await redisError { _ = try await client.pipeline(pings) }
            #expect(tooLarge?.code == .overloaded)
        }
    }

    @Test("Cancelled, timed-out and lost commands leave no trace in the bound")
    func boundIsFreed() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.maxInFlight = 4 }) { client in
            for round in 0..<5 {
                for _ in 0..<4 {
                    let task = Task { try await client.send(RedisCommand("PING")) }
                    task.cancel()
                    _ = try await redisError { _ = try await task.value }
                }
                if round == 2 { try await server.restart() }
                try await eventually("all room is free") {
                    try await redisError { _ = try await client.pipeline((0..<4).map { _ in RedisCommand("PING") }) }
                        == nil
                }
            }
        }
    }
}
