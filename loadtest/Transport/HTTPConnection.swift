import NIOCore

/// One keep-alive connection with at most one request under way. Lives on its pool's event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The request under way: whose it is and when it is given up.
    struct Exchange {
        let tag: Int
        let deadline: NIODeadline
    }

    let endpoint: Int
    /// Where the pool keeps this connection.
    var slot = -1
    private(set) var exchange: Exchange?

    private let pool: ConnectionPool
    private var context: ChannelHandlerContext?
    private var decoder = HTTPReplyDecoder()

    init(pool: ConnectionPool, endpoint: Int) {
        self.pool = pool
        self.endpoint = endpoint
    }

    var isActive: Bool { context != nil }

    /// Writes one request and flushes it; the answer goes to the pool under `tag`.
    func send(_ request: ByteBuffer, tag: Int, deadline: NIODeadline) {
        exchange = Exchange(tag: tag, deadline: deadline)
        context?.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// Takes no more requests.
    func retire() {
        let context = context
        self.context = nil
        context?.close(promise: nil)
    }

    /// Closes the connection; a request under way is lost.
    func close() {
        context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        pool.opened(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.feed(unwrapInboundIn(data))
        do {
            guard let reply = try decoder.next() else { return }
            guard let exchange else { return context.close(promise: nil) }
            self.exchange = nil
            if reply.closesConnection { retire() }
            pool.received(reply, for: exchange.tag, on: self)
        } catch {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        let lost = exchange
        exchange = nil
        pool.closed(self, losing: lost?.tag)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer: `channelInactive` follows and reports the loss.
        context.close(promise: nil)
    }
}
