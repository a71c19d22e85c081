import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// Connections of their own for commands that block.
@Suite struct RedisBlockingTests {
    private let key: RedisArgument = "\(UUID().uuidString)"

    @Test("A blocking read delays no shared command; on the shared connection it would")
    func noDelay() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.silenceLimit = .seconds(60) }) { client in
            let clock = ContinuousClock()
            _ = try await client.send(RedisCommand("PING"))
            try await client.withBlockingConnection(for: "key") { blocking in
                async let blocked = blocking.send(RedisCommand("BLPOP", key, 20), timeout: .seconds(30))
                try await waitUntilBlocked(in: "blpop", server)
                let time = try await clock.measure {
                    for _ in 0..<20 { _ = try await client.send(RedisCommand("PING")) }
                }
                #expect(time < .seconds(10))
                _ = try await client.send(RedisCommand("LPUSH", key, 1))
                #expect(try await blocked.array?.count == 2)
            }
            // The control: on the shared connection the blocking read does delay a command.
            async let blocked = client.send(RedisCommand("BLPOP", key, 0), timeout: .seconds(30))
            try await waitUntilBlocked(in: "blpop", server)
            let delayed = try await redisError {
                _ = try await client.send(RedisCommand("PING"), timeout: .milliseconds(200))
            }
            #expect(delayed?.code == .deadlineExceeded)
            try await unblock(key, server)
            #expect(try await blocked.array?.count == 2)
        }
    }

    @Test("A timed-out or cancelled blocking read is dropped when it ends, and its connection stays")
    func dropped() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.silenceLimit = .seconds(60) }) { client in
            try await client.withBlockingConnection(for: "key") { blocking in
                let id = try await blocking.send(RedisCommand("CLIENT", "ID")).integer
                let error = try await redisError {
                    _ = try await blocking.send(RedisCommand("BLPOP", key, 0), timeout: .milliseconds(100))
                }
                #expect(error?.code == .deadlineExceeded)
                try await unblock(key, server)
                let task = Task { try await blocking.send(RedisCommand("BLPOP", key, 0), timeout: .seconds(30)) }
                try await waitUntilBlocked(in: "blpop", server)
                task.cancel()
                #expect(try await redisError { _ = try await task.value }?.code == .cancelled)
                try await unblock(key, server)
                #expect(try await blocking.send(RedisCommand("CLIENT", "ID")).integer == id)
            }
        }
    }

    @Test("A stream is read by a group with BLOCK, across a restart of the server")
    func stream() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.commandTimeout = .seconds(20) }) { client in
            _ = try await client.send(RedisCommand("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"))
            try await client.withBlockingConnection(for: "key") { blocking in
                let read = RedisCommand("XREADGROUP", "GROUP", "g", "c", "BLOCK", 10_000, "STREAMS", "s", ">")
                async let lost = redisError { _ = try await blocking.send(read, timeout: .seconds(15)) }
                try await waitUntilBlocked(in: "xreadgroup", server)
                server.stop(SIGKILL)
                #expect(try await lost?.code == .connectionLost)
                async let entries = blocking.send(read, timeout: .seconds(15))
                try await server.restart()
                _ = try await client.send(RedisCommand("XADD", "s", "*", "order", 1))
                #expect(try await entries.array?.first?.array?.first?.string == "s")
            }
        }
    }

    @Test("A blocking read from a server that fell silent ends at its deadline, and its connection is replaced")
    func blackHole() async throws {
        let server = try await ScriptedServer { connection, input in
            if input.contains("PING") { return .text("+PONG\r\n") }
            return connection == 1 ? .nothing : .text("*-1\r\n")
        }
        let configuration = try RedisConfiguration(url: server.url)
        let client = RedisClient(configuration: configuration, logger: quiet)
        try await client.withBlockingConnection(for: "key") { blocking in
            let read = RedisCommand("XREADGROUP", "GROUP", "g", "c", "BLOCK", 2_000, "STREAMS", "s", ">")
            #expect(try await blocking.send(RedisCommand("PING"), timeout: .seconds(20)) == .status("PONG"))
            let start = ContinuousClock.now
            let error = try await redisError { _ = try await blocking.send(read, timeout: .milliseconds(2_500)) }
            #expect(error?.code == .deadlineExceeded)
            #expect(try await blocking.send(read) == .null)
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    @Test("The connection is closed when its body ends")
    func closed() async throws {
        let server = try await RedisServer()
        try await withClient(server.url) { client in
            let escaped = try await client.withBlockingConnection(for: "key") { blocking in
                _ = try await blocking.send(RedisCommand("CLIENT", "SETNAME", "blocking"))
                return blocking
            }
            try await eventually("the server has one connection less") {
                try await client.send(RedisCommand("CLIENT", "LIST")).string?.contains("name=blocking") == false
            }
            let error = try await redisError { _ = try await escaped.send(RedisCommand("PING")) }
            #expect(error?.code == .shutDown)
        }
    }
}
