import NIOCore

/// One channel to the server: bytes in, replies out, after a greeting that logs in and selects the database.
///
/// It knows nothing of what replies belong to; its `consumer` does. Unchecked: everything but the constants is touched
/// on the channel's event loop only.
final class RedisConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let address: RedisAddress
    /// Succeeds once the greeting is answered.
    let ready: EventLoopFuture<Void>
    /// Succeeds once the connection is of no use any more, even when the peer does not answer the closing.
    let ended: EventLoopFuture<Void>
    private let readyPromise: EventLoopPromise<Void>
    private let endedPromise: EventLoopPromise<Void>
    private let greeting: [RedisCommand]
    private let greetingTimeout: TimeAmount
    private let consumer: any ReplyConsumer

    private var context: ChannelHandlerContext?
    private var greetingTimer: Scheduled<Void>?
    private var greetingReplies = 0
    private var isReady = false
    private var hasEnded = false
    private var reader = ReplyReader()
    private var encoder = CommandEncoder()
    /// What was written since the last flush. One buffer for all, used again when the channel is done with it.
    private var outgoing: ByteBuffer
    /// What one burst needed is given back when it was more than this.
    private static let largestKeptBuffer = 1 << 20

    init(
        address: RedisAddress, eventLoop: any EventLoop, configuration: RedisConfiguration,
        consumer: any ReplyConsumer
    ) {
        self.address = address
        self.readyPromise = eventLoop.makePromise()
        self.endedPromise = eventLoop.makePromise()
        self.ready = readyPromise.futureResult
        self.ended = endedPromise.futureResult
        self.greeting = configuration.greeting
        self.greetingTimeout = TimeAmount(configuration.connectTimeout)
        self.consumer = consumer
        self.outgoing = Self.emptyBuffer()
    }

    /// Appends a command to what the next `flush` sends.
    func write(_ command: RedisCommand, withSource: Bool = false) {
        encoder.encode(command, withSource: withSource, into: &outgoing)
    }

    /// Sends all that was written since the last flush, in one piece.
    func flush() {
        guard let context, outgoing.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        if outgoing.capacity > Self.largestKeptBuffer { outgoing = Self.emptyBuffer() } else { outgoing.clear() }
    }

    /// Ends the connection because of `error`: the consumer hears of it at once, whatever the peer does.
    func close(_ error: RedisClientError) {
        guard !hasEnded else { return }
        hasEnded = true
        greetingTimer?.cancel()
        context?.close(promise: nil)
        context = nil
        if isReady { consumer.disconnected(error) }
        readyPromise.fail(error)
        endedPromise.succeed()
    }

    /// Nobody wants the connection any more; one that is up belongs to its consumer and stays.
    func giveUp() {
        if !isReady { close(.wasShutDown) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !hasEnded else { return context.close(promise: nil) }
        greetingReplies = greeting.count
        for command in greeting { write(command) }
        flush()
        greetingTimer = context.eventLoop.scheduleTask(in: greetingTimeout) {
            self.close(.connectionLost("the server did not answer the log-in in time"))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasEnded else { return }
        let buffer = unwrapInboundIn(data)
        do throws(RedisClientError) {
            if isReady { consumer.bytesArrived() }
            var failure: RedisClientError?
            buffer.withUnsafeReadableBytes { bytes in
                do throws(RedisClientError) { try reader.feed(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
            while !hasEnded, let reply = try reader.next() {
                if isReady { consumer.received(reply) } else { try greeted(reply) }
            }
        } catch {
            close(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReady, !hasEnded { consumer.readComplete() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        close(.connectionLost("the server closed the connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(.connectionLost("the connection failed", underlying: error))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        close(.connectionLost("the connection was closed"))
    }

    private static func emptyBuffer() -> ByteBuffer { ByteBufferAllocator().buffer(capacity: 16_384) }

    private func greeted(_ reply: RESPValue) throws(RedisClientError) {
        if case .error(let error) = reply { throw RedisClientError(error) }
        greetingReplies -= 1
        guard greetingReplies == 0 else { return }
        greetingTimer?.cancel()
        greetingTimer = nil
        isReady = true
        consumer.connected(self)
        readyPromise.succeed()
    }
}

extension RedisClientError {
    /// The connection broke: for the commands it carried, whether they ran is unknown.
    static func connectionLost(_ message: String, underlying: (any Error)? = nil) -> RedisClientError {
        RedisClientError(.connectionLost, message, mayHaveRun: true, underlying: underlying)
    }

    static let wasShutDown = RedisClientError(.shutDown, "the client was shut down", mayHaveRun: true)
}
