import Foundation
import ServiceLifecycle
import TestSupport
import Testing

@testable import RedisClient

@Suite struct RedisShutdownTests {
    @Test("Graceful shutdown answers what was sent, refuses what comes later, and ends")
    func graceful() async throws {
        let server = try await RedisServer()
        let client = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: quiet)
        let group = ServiceGroup(services: [client], logger: quiet)
        let running = Task { try await group.run() }
        _ = try await client.send(RedisCommand("PING"))
        let sent = Task { try await client.send(RedisCommand("BLPOP", "key", 0), timeout: .seconds(30)) }
        try await waitUntilBlocked(in: "blpop", server)
        await group.triggerGracefulShutdown()
        try await unblock("key", server)
        #expect(try await sent.value.array?.count == 2)
        try await running.value
        let error = try await redisError { _ = try await client.send(RedisCommand("PING")) }
        #expect(error?.code == .shutDown)
        #expect(error?.mayHaveRun == false)
        #expect(!client.isConnected)
    }

    @Test("Cancellation ends at once: what was sent may have run, what waits did not")
    func cancelled() async throws {
        let server = try await RedisServer()
        let client = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: quiet)
        let running = Task { try await client.run() }
        _ = try await client.send(RedisCommand("PING"))
        let sent = Task { try await client.send(RedisCommand("BLPOP", "key", 0)) }
        try await waitUntilBlocked(in: "blpop", server)
        running.cancel()
        let error = try await redisError { _ = try await sent.value }
        #expect(error?.code == .shutDown)
        #expect(error?.mayHaveRun == true)
        try await running.value
    }

    @Test("A client without a server ends too, and fails what waits for a connection")
    func withoutServer() async throws {
        let configuration = RedisConfiguration(host: "127.0.0.1", port: try freePort())
        let client = RedisClient(configuration: configuration, logger: quiet)
        let group = ServiceGroup(services: [client], logger: quiet)
        let running = Task { try await group.run() }
        let waiting = Task { try await client.send(RedisCommand("PING"), timeout: .seconds(60)) }
        try await Task.sleep(for: .milliseconds(100))
        await group.triggerGracefulShutdown()
        let error = try await redisError { _ = try await waiting.value }
        #expect(error?.code == .shutDown)
        #expect(error?.mayHaveRun == false)
        try await running.value
    }
}
