import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Gateway

/// Clients that send and do not take what they are answered, seen from the server's side of the connection.
@Suite(.timeLimit(.minutes(1))) struct BackPressureTests {
    /// Lends `body` a connection and the server's channel of it, between which the kernel keeps little.
    /// - Parameter mark: Bytes from which on the channel is not writable; NIO's own is 64 KiB.
    private static func connected(
        mark: Int = 64 * 1024, _ configure: (inout GatewayLimits) -> Void = { _ in },
        _ body: @escaping @Sendable (inout RawConnection.Stream, any Channel) async throws -> Void
    ) async throws {
        let kernelBuffer = 64 * 1024
        let harness = try await GatewayHarness { configure(&$0.limits) }
        let responder = harness.gateway.responder
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let http = HTTP1Channel(
            responder: { request, writer, channel in
                let response = try await responder.respond(to: request) {
                    AppRequestContext(source: .init(channel: channel, logger: logger))
                }
                try await writer.write(response: response.head, body: response.body)
            })
        let connection = GatewayChannel(
            http: http, hot: responder.hot, date: HTTPDate(), limits: harness.configuration.limits, counts: nil,
            executors: [:])
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.socketOption(.so_sndbuf), value: .init(kernelBuffer))
            .childChannelOption(.writeBufferWaterMark, value: .init(low: mark / 2, high: mark))
            .bind(host: "127.0.0.1", port: 0) { connection.setup(channel: $0, logger: logger) }
        let port = try #require(server.channel.localAddress?.port)
        let (channels, accepted) = AsyncStream.makeStream(of: (any Channel).self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    for try await value in connections {
                        accepted.yield(value.channel)
                        await connection.handle(value: value, logger: logger)
                    }
                }
            }
            defer { group.cancelAll() }
            try await RawConnection.with(port: port, receiveBuffer: kernelBuffer) { client in
                try await body(&client, try #require(await channels.first { _ in true }))
            }
        }
    }

    /// A purchase without a token, which is refused on the event loop.
    private static func purchase(_ number: Int) -> String {
        "POST /api/tickets/purchase HTTP/1.1\r\nX-Request-Id: \(number)\r\n\r\n"
    }

    private static func fill(_ channel: any Channel) async {
        while channel.isWritable { await Task.yield() }
    }

    @Test func ofAClientThatTakesNoAnswersNoMoreIsRead() async throws {
        try await Self.connected { client, channel in
            try await client.send((0..<20_000).map(Self.purchase).joined())
            await Self.fill(channel)
            // In each turn of the event loop as much would be read as there is room for.
            for _ in 0..<1_000 { try await channel.eventLoop.submit {}.get() }
            #expect(!channel.isWritable)
            #expect(try await channel.getOption(.bufferedWritableBytes).get() < 512 * 1024)
        }
    }

    /// The control: a channel that is never full shows what such a client would leave in the gateway's memory.
    @Test func withoutABoundTheAnswersWouldPileUp() async throws {
        try await Self.connected(mark: 1 << 30) { client, channel in
            try await client.send((0..<20_000).map(Self.purchase).joined())
            while try await channel.getOption(.bufferedWritableBytes).get() < 4 * 1024 * 1024 { await Task.yield() }
        }
    }

    @Test func whoTakesTheAnswersLateGetsAllOfThemInOrder() async throws {
        try await Self.connected { client, channel in
            let count = 4_000
            var requests = ""
            for number in 0..<count {
                // Some go the general way.
                requests +=
                    number.isMultiple(of: 50)
                    ? "GET /nowhere HTTP/1.1\r\nX-Request-Id: \(number)\r\n\r\n" : Self.purchase(number)
            }
            try await client.send(requests)
            await Self.fill(channel)
            for number in 0..<count {
                #expect(try await client.receive()?.fields["x-request-id"] == "\(number)")
            }
        }
    }

    @Test(arguments: ["GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", purchase(0)])
    func whoDoesNotTakeTheAnswersIsClosed(_ request: String) async throws {
        try await Self.connected {
            $0.sendTime = .milliseconds(300)
        } _: { client, channel in
            try await client.send(String(repeating: request, count: 4_000))
            await Self.fill(channel)
            // Long before it would count as idle.
            try await channel.closeFuture.get()
        }
    }
}
