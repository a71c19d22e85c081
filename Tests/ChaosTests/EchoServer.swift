import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// Sends back what it gets.
final class EchoServer: Sendable {
    private struct Counts {
        var connections = 0
        var open: [ObjectIdentifier: any Channel] = [:]
        var bytes = 0
    }

    private let counts = Mutex(Counts())
    private let listener = Mutex<(any Channel)?>(nil)

    var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }
    /// Connections so far, and those that are open.
    var connections: Int { counts.withLock { $0.connections } }
    var open: Int { counts.withLock { $0.open.count } }
    /// Bytes that came.
    var bytes: Int { counts.withLock { $0.bytes } }

    static func start() async throws -> EchoServer {
        let server = EchoServer()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                server.counts.withLock {
                    $0.connections += 1
                    $0.open[ObjectIdentifier(channel)] = channel
                }
                channel.closeFuture.whenComplete { _ in
                    server.counts.withLock { $0.open[ObjectIdentifier(channel)] = nil }
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Echo(server: server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.listener.withLock { $0 = listener }
        return server
    }

    func stop() async throws {
        try await listener.withLock { $0 }?.close().get()
        for channel in counts.withLock({ $0.open.values.map { $0 } }) { channel.close(promise: nil) }
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let server: EchoServer

        init(server: EchoServer) { self.server = server }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let count = unwrapInboundIn(data).readableBytes
            server.counts.withLock { $0.bytes += count }
            context.writeAndFlush(data, promise: nil)
        }
    }
}

/// A client that sends texts and keeps what comes back.
final class Client: Sendable {
    private struct State {
        var received = ""
        var isClosed = false
        var wasReset = false
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    var received: String { state.withLock { $0.received } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    var wasReset: Bool { state.withLock { $0.wasReset } }

    static func connect(to port: Int) async throws -> Client {
        let client = Client()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(client: client))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        client.channel.withLock { $0 = channel }
        return client
    }

    func send(_ text: String) async throws {
        try await channel.withLock { $0 }?.writeAndFlush(ByteBuffer(string: text)).get()
    }

    /// Waits for so many bytes, takes them and returns them.
    func receive(count: Int) async throws -> String {
        try await eventually("\(count) bytes come", within: .seconds(5)) { received.utf8.count >= count }
        return state.withLock { state in
            defer { state.received = "" }
            return state.received
        }
    }

    func ask(_ text: String) async throws -> String {
        try await send(text)
        return try await receive(count: text.utf8.count)
    }

    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let client: Client

        init(client: Client) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            client.state.withLock { $0.received += text }
        }

        func channelInactive(context: ChannelHandlerContext) { client.state.withLock { $0.isClosed = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            client.state.withLock { $0.wasReset = true }
            context.close(promise: nil)
        }
    }
}
