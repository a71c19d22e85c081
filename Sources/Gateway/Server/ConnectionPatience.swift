import NIOCore

/// Closes connections of clients that take their time: nothing comes and nothing goes for `idleTime`, a request that
/// has begun is not there as a whole after `requestTime`, however it trickles in, or what is written has filled the
/// channel and makes no room within `sendTime`, however little by little it is taken.
///
/// Stands where the bytes come in; whoever reads requests calls `requestEnded`. A request that comes in one piece costs
/// two flags; only one that does not, and answers that are not taken, have a timer of their own.
final class ConnectionPatience: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let idleTime: TimeAmount
    private let requestTime: TimeAmount
    private let sendTime: TimeAmount
    private var isRequestOpen = false
    private var hasMoved = true
    private var idleTimer: Scheduled<Void>?
    private var requestTimer: Scheduled<Void>?
    private var sendTimer: Scheduled<Void>?

    init(_ limits: GatewayLimits) {
        idleTime = .nanoseconds(limits.idleConnectionTime.nanoseconds)
        requestTime = .nanoseconds(limits.requestTime.nanoseconds)
        sendTime = .nanoseconds(limits.sendTime.nanoseconds)
    }

    /// The last part of a request was read.
    func requestEnded() {
        isRequestOpen = false
        requestTimer?.cancel()
        requestTimer = nil
    }

    func handlerAdded(context: ChannelHandlerContext) { watchIdleness(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        requestTimer?.cancel()
        sendTimer?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasMoved = true
        isRequestOpen = true
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isRequestOpen, requestTimer == nil { watchRequest(context) }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            sendTimer?.cancel()
            sendTimer = nil
        } else if sendTimer == nil {
            sendTimer = context.eventLoop.assumeIsolated().scheduleTask(in: sendTime) { context.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        hasMoved = true
        context.write(data, promise: promise)
    }

    /// Looks once in each `idleTime` whether something has moved since, so a connection is closed after one to two of
    /// it.
    private func watchIdleness(_ context: ChannelHandlerContext) {
        hasMoved = false
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: idleTime) {
            if self.hasMoved { self.watchIdleness(context) } else { context.close(promise: nil) }
        }
    }

    private func watchRequest(_ context: ChannelHandlerContext) {
        requestTimer = context.eventLoop.assumeIsolated().scheduleTask(in: requestTime) { context.close(promise: nil) }
    }
}
