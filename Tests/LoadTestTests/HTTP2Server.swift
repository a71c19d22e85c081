import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import Synchronization

/// A server of HTTP/2 without TLS that answers as the test says.
final class HTTP2Server: Sendable {
    private final class Count: Sendable {
        let connections = Atomic(0)
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let count = Count()

    init(
        answer: @escaping @Sendable (StandInServer.Request) -> StandInServer.Answer = { _ in .reply(200, body: "ok") }
    ) async throws {
        let count = self.count
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                count.connections.add(1, ordering: .relaxed)
                return channel.eventLoop.makeCompletedFuture {
                    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
                    ) { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandlers([
                                HTTP2FramePayloadToHTTP1ServerCodec(),
                                StandInServer.Handler(answer: answer, finished: {}),
                            ])
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    /// Connections that were ever opened.
    var connections: Int { count.connections.load(ordering: .relaxed) }

    func stop() async throws { try await group.shutdownGracefully() }
}
