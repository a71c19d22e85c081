import NIOCore
import NIOHTTP2
import NIOPosix

/// The connections that a pool's HTTP/2 streams run on. Each stream carries one exchange.
final class HTTP2Links {
    /// As many as most servers allow at once (RFC 9113 §6.5.2 recommends no fewer).
    private static let streamsOfLink = 100

    private final class Link {
        let endpoint: Int
        let multiplexer: EventLoopFuture<NIOHTTP2Handler.StreamMultiplexer>
        /// Made with the channel, of use once that is connected.
        var pending: NIOHTTP2Handler.StreamMultiplexer?
        var streams = 0
        var isOpen = true

        init(_ endpoint: Int, _ multiplexer: EventLoopFuture<NIOHTTP2Handler.StreamMultiplexer>) {
            self.endpoint = endpoint
            self.multiplexer = multiplexer
        }
    }

    private let loop: any EventLoop
    private let endpoints: [Endpoint]
    private let connectTimeout: TimeAmount
    private var links: [Link] = []
    private var channels: [any Channel] = []

    init(loop: any EventLoop, endpoints: [Endpoint], connectTimeout: TimeAmount) {
        self.loop = loop
        self.endpoints = endpoints
        self.connectTimeout = connectTimeout
    }

    /// Opens a stream to an endpoint that `connection` takes over; the future fails when that cannot be done.
    func open(_ connection: HTTPConnection, to endpoint: Int) -> EventLoopFuture<Void> {
        let link =
            links.first { $0.isOpen && $0.endpoint == endpoint && $0.streams < Self.streamsOfLink }
            ?? connect(to: endpoint)
        link.streams += 1
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let boundLink = NIOLoopBound(link, eventLoop: loop)
        let scheme = endpoints[endpoint].scheme
        let opened = link.multiplexer.flatMap { [loop] multiplexer in
            let promise = loop.makePromise(of: (any Channel).self)
            multiplexer.createStreamChannel(promise: promise) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        HTTP2Translator(scheme: scheme, allocator: channel.allocator), bound.value,
                    ])
                }
            }
            return promise.futureResult
        }
        opened.whenSuccess { channel in
            channel.closeFuture.whenComplete { _ in boundLink.value.streams -= 1 }
        }
        opened.whenFailure { _ in boundLink.value.streams -= 1 }
        return opened.map { _ in }
    }

    func stop() {
        for channel in channels { channel.close(promise: nil) }
    }

    private func connect(to endpoint: Int) -> Link {
        let target = endpoints[endpoint]
        let promise = loop.makePromise(of: NIOHTTP2Handler.StreamMultiplexer.self)
        let link = Link(endpoint, promise.futureResult)
        links.append(link)
        let bound = NIOLoopBound((self, link), eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try target.addTLS(to: channel, for: .http2)
                    let multiplexer = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .client, connectionConfiguration: .init(), streamConfiguration: .init(),
                        // A server has nothing to push here.
                        inboundStreamInitializer: { $0.close() })
                    channel.closeFuture.whenComplete { _ in bound.value.0.remove(bound.value.1) }
                    bound.value.0.channels.append(channel)
                    bound.value.1.pending = multiplexer
                }
            }
            .connect(to: target.address)
            .whenComplete { result in
                let (links, link) = bound.value
                switch result {
                case .success:
                    if let multiplexer = link.pending { promise.succeed(multiplexer) }
                case .failure(let error):
                    links.remove(link)
                    promise.fail(error)
                }
            }
        return link
    }

    private func remove(_ link: Link) {
        link.isOpen = false
        links.removeAll { $0 === link }
        channels.removeAll { !$0.isActive }
    }
}
