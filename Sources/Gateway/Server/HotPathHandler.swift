import Hummingbird
import InventoryStore
import NIOCore
import NIOHTTP1
import OrderRepository

/// Answers the hot routes' usual requests on the connection's event loop, before they reach Hummingbird: no stream of
/// parts, no task that wakes up for each of them, no copy of the headers, and the answer leaves as one buffer. A
/// refusal from the sold-out cache never leaves the event loop.
///
/// Measured with wrk beside it on two shared cores, CPU time of the gateway for each request: an accepted purchase
/// 42 µs instead of 54 µs (in Redis), 28 µs instead of 35 µs (in memory); a sold-out answer 17 µs instead of 29 µs.
/// Of that, tasks on their event loop instead of Swift's thread pool save 7 µs of an accepted purchase.
///
/// It takes a request when the connection is plain HTTP/1.1 with keep-alive, nothing of an earlier request is under way
/// in Hummingbird, the body's length is announced and small, and the gateway does not stop. Everything else goes on as if
/// it were not here, and `GatewayResponder` gives the same answers there, except that a log-in without room for its
/// password is refused here before anything else is looked at.
///
/// While an answer is awaited, what else comes in on the connection is held back, and nothing more is read: at most one
/// read's worth is held, and pipelined requests are answered in order. Nor is anything read while answers wait for a
/// client that does not take them: what waits is the answers to one read at most, beside what makes NIO call the
/// channel not writable (64 KiB).
final class HotPathHandler<Inventory: InventoryStore, Repository: OrderRepository>: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private typealias Hot = HotRoutes<Inventory, Repository>

    private enum State {
        /// No request of ours is under way.
        case idle
        /// The body of one of ours is coming in.
        case reading(Hot.Route, RequestHead, ByteBuffer)
        /// Its answer is awaited.
        case answering
    }

    /// What came in while an answer was awaited.
    private enum Held {
        case part(HTTPServerRequestPart)
        case event(Any)
        case error(any Error)
    }

    private let hot: HotRoutes<Inventory, Repository>
    private let date: HTTPDate
    private let patience: ConnectionPatience
    private let executor: EventLoopExecutor?
    /// Where bytes are written, past the encoder of HTTP parts.
    private let encoder: ChannelHandlerContext
    private var state = State.idle
    /// Requests that Hummingbird has and has not answered.
    private var forwarded = 0
    private var held: CircularBuffer<Held> = []
    private var isReleasing = false
    private var isReadHeld = false
    private var isFlushWanted = false
    /// The client was told that no other answer comes on this connection, which ends when that one has left.
    private var isEnding = false

    init(
        hot: HotRoutes<Inventory, Repository>, date: HTTPDate, patience: ConnectionPatience,
        executor: EventLoopExecutor?,
        encoder: ChannelHandlerContext
    ) {
        self.hot = hot
        self.date = date
        self.patience = patience
        self.executor = executor
        self.encoder = encoder
    }

    // MARK: - Inbound

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .end = part { patience.requestEnded() }
        receive(part, context)
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        // It was told that this is not looked at (RFC 9112 §9.6).
        guard !isEnding else { return }
        switch (state, part) {
        case (.answering, _): held.append(.part(part))
        case (.idle, .head(var head)):
            // As if the client had asked for it: then it is not ours, and Hummingbird ends the connection.
            if hot.readiness.isStopping { head.headers.replaceOrAdd(name: "connection", value: "close") }
            if let (route, fields) = takes(head, context) {
                state = .reading(route, fields, ByteBuffer())
            } else {
                forwarded += 1
                context.fireChannelRead(wrapInboundOut(.head(head)))
            }
        case (.idle, _): context.fireChannelRead(wrapInboundOut(part))
        case (.reading(.refusedLogIn, _, _), .body): break
        case (.reading(let route, let head, var body), .body(var more)):
            // Nearly always the body is one buffer, which is then used as it is.
            if body.readableBytes == 0 { body = more } else { body.writeBuffer(&more) }
            state = .reading(route, head, body)
        case (.reading(let route, let head, let body), _): answer(context, route, head, body)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .idle = state {
            context.fireUserInboundEventTriggered(event)
        } else {
            // Above all the end of input and the wish to close: Hummingbird knows nothing of our request, and would
            // close before its answer is out.
            held.append(.event(event))
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .answering = state { held.append(.error(error)) } else { context.fireErrorCaught(error) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readIfHeld(context)
        context.fireChannelWritabilityChanged()
    }

    // MARK: - Outbound

    func read(context: ChannelHandlerContext) {
        if mayRead(context) { context.read() } else { isReadHeld = true }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { forwarded -= 1 }
        context.write(data, promise: promise)
    }

    // MARK: - Answering

    private func takes(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> (Hot.Route, RequestHead)? {
        guard forwarded == 0, head.version == .http1_1,
            let route = Hot.Route(method: head.method.rawValue, uri: head.uri)
                ?? hot.refusal(method: head.method.rawValue, uri: head.uri)
        else { return nil }
        var fields = RequestHead(head.headers)
        if hot.needsPeer { fields.peer = context.remoteAddress }
        let length = fields.contentLength.map { Int($0) ?? .max } ?? 0
        let longest =
            switch route {
            case .purchase, .refusedLogIn: hot.limits.bodyBytes
            case .order: 0
            }
        return fields.isSpecial || length > longest ? nil : (route, fields)
    }

    private func answer(_ context: ChannelHandlerContext, _ route: Hot.Route, _ head: RequestHead, _ body: ByteBuffer) {
        switch hot.answer(route, head, body: body) {
        case .done(let answer):
            write(answer)
            state = .idle
            release(context)
        case .later(let work):
            state = .answering
            let eventLoop = context.eventLoop
            let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
            // The connection waits for it, and a stopping gateway waits for the connection.
            Task(executorPreference: executor) {
                let answer = await work()
                // With an executor the task is on the event loop already.
                if eventLoop.inEventLoop {
                    bound.value.0.finish(bound.value.1, answer)
                } else {
                    eventLoop.execute { bound.value.0.finish(bound.value.1, answer) }
                }
            }
        }
    }

    private func finish(_ context: ChannelHandlerContext, _ answer: HTTPAnswer) {
        write(answer)
        flush()
        state = .idle
        if !held.isEmpty {
            release(context)
            // Hummingbird takes what it was given, and answers that were given at once leave.
            channelReadComplete(context: context)
        }
        readIfHeld(context)
    }

    private func mayRead(_ context: ChannelHandlerContext) -> Bool {
        if case .answering = state { return false }
        return context.channel.isWritable
    }

    private func readIfHeld(_ context: ChannelHandlerContext) {
        guard isReadHeld, mayRead(context) else { return }
        isReadHeld = false
        context.read()
    }

    /// Lets through what was held, up to the next request whose answer must be awaited.
    private func release(_ context: ChannelHandlerContext) {
        // Not from within itself, when what was let through was answered at once.
        guard !isReleasing else { return }
        isReleasing = true
        defer { isReleasing = false }
        while !held.isEmpty {
            if case .answering = state { return }
            switch held.removeFirst() {
            case .part(let part): receive(part, context)
            case .event(let event): userInboundEventTriggered(context: context, event: event)
            case .error(let error): context.fireErrorCaught(error)
            }
        }
    }

    private func write(_ answer: HTTPAnswer) {
        // What the client has sent after this request will be answered, so it is not told that nothing will.
        isEnding = hot.readiness.isStopping && !held.contains { if case .part = $0 { true } else { false } }
        let bytes = answer.bytes(date: date.now(), security: hot.security, isLast: isEnding)
        encoder.write(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
        isFlushWanted = true
    }

    private func flush() {
        guard isFlushWanted else { return }
        isFlushWanted = false
        encoder.flush()
        // Hummingbird ends a connection on which it has nothing under way.
        if isEnding { encoder.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }
}
