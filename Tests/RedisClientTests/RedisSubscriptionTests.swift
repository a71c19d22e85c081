import Foundation
import Synchronization
import TestSupport
import Testing

@testable import RedisClient

@Suite struct RedisSubscriptionTests {
    private let channel = UUID().uuidString

    private func publish(_ text: String, on client: RedisClient, to channel: String? = nil) async throws -> Int64? {
        try await client.send(RedisCommand("PUBLISH", RedisArgument(channel ?? self.channel), RedisArgument(text)))
            .integer
    }

    @Test("Messages come after `subscribed`, to every listener of their channel")
    func messages() async throws {
        try await withClient(RedisServer.shared.url) { client async throws in
            var first = client.subscribe(to: [channel, channel + "2"]).makeAsyncIterator()
            #expect(await first.next() == .subscribed)
            var second = client.subscribe(to: [channel]).makeAsyncIterator()
            #expect(await second.next() == .subscribed)
            #expect(try await publish("a", on: client) == 1, "both share one connection")
            #expect(try await publish("b", on: client, to: channel + "2") == 1)
            #expect(await first.next() == .message(channel: channel, payload: Array("a".utf8)))
            #expect(await first.next() == .message(channel: channel + "2", payload: Array("b".utf8)))
            #expect(await second.next() == .message(channel: channel, payload: Array("a".utf8)))
        }
    }

    @Test("A restart of the server is told, and messages come again after it")
    func resubscribed() async throws {
        let server = try await RedisServer()
        try await withClient(server.url, { $0.commandTimeout = .seconds(20) }) { client in
            var pushes = client.subscribe(to: [channel]).makeAsyncIterator()
            #expect(await pushes.next() == .subscribed)
            server.stop(SIGKILL)
            #expect(await pushes.next() == .disconnected)
            try await server.restart()
            #expect(await pushes.next() == .subscribed)
            #expect(try await publish("again", on: client) == 1)
            #expect(await pushes.next() == .message(channel: channel, payload: Array("again".utf8)))
        }
    }

    @Test("A subscription connection on which nothing arrives any more is replaced")
    func blackHole() async throws {
        let server = try await RedisServer()
        let change: (inout RedisConfiguration) -> Void = {
            $0.keepAliveInterval = .milliseconds(700)
            $0.connectTimeout = .milliseconds(700)
        }
        try await withClient(server.url, change) { client in
            var pushes = client.subscribe(to: [channel]).makeAsyncIterator()
            #expect(await pushes.next() == .subscribed)
            // Two idle seconds show that probes are answered; the connection would be lost otherwise.
            try await Task.sleep(for: .seconds(2))
            #expect(try await publish("idle", on: client) == 1)
            #expect(await pushes.next() == .message(channel: channel, payload: Array("idle".utf8)))
            server.signal(SIGSTOP)
            #expect(await pushes.next() == .disconnected)
            server.signal(SIGCONT)
            #expect(await pushes.next() == .subscribed)
        }
    }

    @Test("Whoever stops reading leaves the channel; the connection stays")
    func unsubscribed() async throws {
        try await withClient(RedisServer.shared.url) { client in
            let reading = Task { [channel] in
                for await push in client.subscribe(to: [channel]) where push != .subscribed { return push }
                return RedisPush.disconnected
            }
            try await eventually("the subscription arrives") { try await publish("stop", on: client) == 1 }
            #expect(await reading.value == .message(channel: channel, payload: Array("stop".utf8)))
            try await eventually("the channel is left") { try await publish("more", on: client) == 0 }
            var pushes = client.subscribe(to: [channel]).makeAsyncIterator()
            #expect(await pushes.next() == .subscribed)
        }
    }

    @Test("A reader that is too slow loses the oldest messages and is told so")
    func slow() async throws {
        try await withClient(RedisServer.shared.url, { $0.subscriptionBuffer = 4 }) { client in
            let stream = client.subscribe(to: [channel])
            var pushes = stream.makeAsyncIterator()
            #expect(await pushes.next() == .subscribed)
            // Another subscription on the same connection shows when all messages have arrived.
            var witness = client.subscribe(to: [channel + "end"]).makeAsyncIterator()
            #expect(await witness.next() == .subscribed)
            for number in 0..<20 { _ = try await publish("\(number)", on: client) }
            _ = try await publish("", on: client, to: channel + "end")
            _ = await witness.next()
            var seen: [RedisPush] = []
            for _ in 0..<4 { if let push = await pushes.next() { seen.append(push) } }
            #expect(seen.last == .subscribed)
        }
    }

    @Test("Streams end when the client does, and at once when it has ended")
    func ended() async throws {
        let client = RedisClient(
            configuration: try RedisConfiguration(url: try await RedisServer.shared.url), logger: quiet)
        let running = Task { try await client.run() }
        var pushes = client.subscribe(to: [channel]).makeAsyncIterator()
        #expect(await pushes.next() == .subscribed)
        running.cancel()
        try await running.value
        while let push = await pushes.next() { #expect(push == .disconnected) }
        var late = client.subscribe(to: [channel]).makeAsyncIterator()
        #expect(await late.next() == nil)
    }
}
