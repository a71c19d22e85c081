import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A server that answers whatever it is asked with the same bytes, without reading it: cheaper than any client.
final class FixedServer: Sendable {
    private final class Count: Sendable {
        let requests = Atomic(0)
        let connections = Atomic(0)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private static let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        private let count: Count

        init(_ count: Count) { self.count = count }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            // A client here sends one request at a time, which fits into one read.
            count.requests.add(1, ordering: .relaxed)
            context.writeAndFlush(wrapOutboundOut(Self.answer), promise: nil)
        }
    }

    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let count = Count()

    init(threads: Int) async throws {
        let count = self.count
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                count.connections.add(1, ordering: .relaxed)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(count))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: Int { count.requests.load(ordering: .relaxed) }

    /// Connections that were ever opened.
    var connections: Int { count.connections.load(ordering: .relaxed) }

    /// Every event loop sleeps, as those of a process do that was stopped.
    func standStill(for time: Duration) {
        for eventLoop in group.makeIterator() {
            eventLoop.execute {
                let end = ContinuousClock.now + time
                while ContinuousClock.now < end { usleep(10_000) }
            }
        }
    }

    func stop() async throws { try await group.shutdownGracefully() }
}
