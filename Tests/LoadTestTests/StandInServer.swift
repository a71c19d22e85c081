import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import LoadTest

/// A small HTTP server in the test's own process that answers as the test says and remembers what it was asked.
final class StandInServer: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        let headers: HTTPHeaders
        let body: String

        var key: String { headers.first(name: "idempotency-key") ?? "" }
        var isPurchase: Bool { path == "/api/tickets/purchase" }
    }

    enum Answer: Sendable {
        case reply(Int, headers: [(String, String)] = [], body: String = "")
        /// Answered after this many milliseconds; the connection's next request waits.
        case late(Int64, status: Int, body: String)
        /// The connection is closed without an answer.
        case drop
    }

    /// What has been asked so far; shared with the handlers.
    private final class Record: Sendable {
        struct State {
            var requests: [Request] = []
            var counts: [String: Int] = [:]
            var open = 0
            var mostOpen = 0
        }

        let state = Mutex(State())

        func began(_ request: Request) -> Int {
            state.withLock {
                $0.requests.append(request)
                $0.open += 1
                $0.mostOpen = max($0.mostOpen, $0.open)
                let name = request.isPurchase ? request.key : request.path
                let earlier = $0.counts[name] ?? 0
                $0.counts[name] = earlier + 1
                return earlier
            }
        }

        func finished() { state.withLock { $0.open -= 1 } }
    }

    private let record = Record()
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel

    /// `answer` gets the request and how many with the same key (or path, for other requests) came before it.
    init(port: Int = 0, answer: @escaping @Sendable (_ request: Request, _ earlier: Int) -> Answer) async throws {
        let record = self.record
        self.channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(
                            answer: { request in answer(request, record.began(request)) },
                            finished: { record.finished() }))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: [Request] { record.state.withLock(\.requests) }
    /// The largest number of requests that were being answered at one time.
    var mostOpen: Int { record.state.withLock(\.mostOpen) }

    func stop() async throws { try await group.shutdownGracefully() }

    /// Collects a request and gives the answer.
    final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: @Sendable (Request) -> Answer
        private let finished: @Sendable () -> Void
        private var head: HTTPRequestHead?
        private var body = ""

        init(answer: @escaping @Sendable (Request) -> Answer, finished: @escaping @Sendable () -> Void) {
            self.answer = answer
            self.finished = finished
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ""
            case .body(let bytes): body += String(buffer: bytes)
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue, path: String(head.uri.prefix { $0 != "?" }), headers: head.headers,
                    body: body)
                give(answer(request), context)
            }
        }

        private func give(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .drop:
                finished()
                context.close(promise: nil)
            case .reply(let status, let headers, let body):
                finished()
                write(status, headers, body, context)
            case .late(let milliseconds, let status, let body):
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                    self.finished()
                    self.write(status, [], body, context)
                }
            }
        }

        private func write(
            _ status: Int, _ headers: [(String, String)], _ body: String, _ context: ChannelHandlerContext
        ) {
            var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status))
            for (name, value) in headers { head.headers.add(name: name, value: value) }
            if status != 304 { head.headers.add(name: "content-length", value: "\(body.utf8.count)") }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if !body.isEmpty {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
