import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A provider on a port of this machine that speaks Stripe's wire format, with books of its own and faults by the
/// test's choice.
package final class StripeServer: Sendable {
    package enum Fault: Sendable {
        case none
        /// What was asked is done, and the answer never comes.
        case silenceAfter
        /// The same, but that the answer's head and its first byte come.
        case stalledBody
        /// The connection is closed before or after what was asked is done.
        case resetBefore, resetAfter
        /// Nothing is done.
        case refusal(status: Int)
        /// Nothing is done, since a parameter is wrong.
        case wrongParameter(String)
        /// A failure that is kept under the key, before or after what was asked is done.
        case failure(afterEffect: Bool)
        /// What was asked is done after a while; until then another request with its key is refused with 409.
        case slowness(Duration)
    }

    private struct State: Sendable {
        var ledger = StripeLedger()
        var faults: @Sendable (StripeLedger.Request) -> Fault = { _ in .none }
        var underWay: Set<String> = []
        var requests: [StripeLedger.Request] = []
        var mostAtOnce = 0
        var atOnce = 0
    }

    package static let key = "sk_test_0123456789"

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    private init() {}

    package static func run(_ body: (StripeServer) async throws -> Void) async throws {
        let server = StripeServer()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(StripeHandler(server: server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        do { try await body(server) } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    package var url: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)" }

    package var ledger: StripeLedger { state.withLock { $0.ledger } }
    @discardableResult
    package func withLedger<Value: Sendable>(_ body: (inout StripeLedger) -> Value) -> Value {
        state.withLock { body(&$0.ledger) }
    }

    /// Faults are chosen for each request; nil: there are none.
    package func setFaults(_ faults: (@Sendable (StripeLedger.Request) -> Fault)?) {
        state.withLock { $0.faults = faults ?? { _ in .none } }
    }

    package var requests: [StripeLedger.Request] { state.withLock { $0.requests } }
    package var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    // MARK: - For the handler

    enum Answer: Sendable {
        case reply(StripeLedger.Reply)
        case close
        case silence
        case stall(StripeLedger.Reply)
    }

    func take(_ head: HTTPRequestHead, _ body: String) async -> Answer {
        guard head.headers.first(name: "authorization") == "Bearer \(Self.key)" else {
            return .reply(Self.refusal(401))
        }
        let parts = head.uri.split(separator: "?", maxSplits: 1).map { String($0) }
        guard head.method == .GET || head.headers.first(name: "content-type") == "application/x-www-form-urlencoded",
            head.headers.first(name: "stripe-version") != nil
        else { return .reply(Self.refusal(400)) }
        var parameters = Self.parameters(parts.count > 1 ? parts[1] : "")
        parameters.merge(Self.parameters(body)) { $1 }
        let request = StripeLedger.Request(
            method: head.method.rawValue, path: parts[0], parameters: parameters,
            idempotencyKey: head.headers.first(name: "idempotency-key"))
        let fault = state.withLock { state in
            state.requests.append(request)
            state.atOnce += 1
            state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            return state.faults(request)
        }
        defer { state.withLock { $0.atOnce -= 1 } }
        if let key = request.idempotencyKey, state.withLock({ $0.underWay.contains(key) }) {
            return .reply(Self.refusal(409))
        }
        switch fault {
        case .none: return .reply(answer(request))
        case .silenceAfter:
            _ = answer(request)
            return .silence
        case .stalledBody: return .stall(answer(request))
        case .resetBefore: return .close
        case .resetAfter:
            _ = answer(request)
            return .close
        case .refusal(let status): return .reply(Self.refusal(status))
        case .wrongParameter(let name):
            return .reply(
                StripeLedger.Reply(
                    status: 400,
                    body: """
                        {"error":{"type":"invalid_request_error","code":"parameter_unknown","param":"\(name)",\
                        "message":"Received unknown parameter: \(name)"}}
                        """))
        case .failure(let afterEffect):
            return .reply(state.withLock { $0.ledger.fail(request, afterEffect: afterEffect) })
        case .slowness(let time):
            if let key = request.idempotencyKey { state.withLock { _ = $0.underWay.insert(key) } }
            // The server ends with its test.
            try? await Task.sleep(for: time)
            if let key = request.idempotencyKey { state.withLock { _ = $0.underWay.remove(key) } }
            return .reply(answer(request))
        }
    }

    private func answer(_ request: StripeLedger.Request) -> StripeLedger.Reply {
        state.withLock { $0.ledger.answer(request) }
    }

    private static func refusal(_ status: Int) -> StripeLedger.Reply {
        StripeLedger.Reply(
            status: status, body: "{\"error\":{\"type\":\"api_error\",\"message\":\"as the test wants it\"}}")
    }

    private static func parameters(_ text: String) -> [String: String] {
        var parameters: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = parts[0].removingPercentEncoding else { continue }
            parameters[name] = parts[1].replacing("+", with: " ").removingPercentEncoding
        }
        return parameters
    }
}

/// One connection; requests come one after the other.
private final class StripeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: StripeServer
    private var head: HTTPRequestHead?
    private var body = ""

    init(server: StripeServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let part): body += String(buffer: part)
        case .end:
            guard let head else { return }
            let (server, body) = (server, body)
            let answered = context.eventLoop.makeFutureWithTask { await server.take(head, body) }
            answered.assumeIsolated().whenSuccess { self.write($0, context) }
        }
    }

    private func write(_ answer: StripeServer.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .silence: break
        case .close: context.close(promise: nil)
        case .reply(let reply):
            write(reply, bytes: reply.body.utf8.count, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .stall(let reply):
            write(reply, bytes: 1, context)
            context.flush()
        }
    }

    /// Writes a reply's head, and so many bytes of its body.
    private func write(_ reply: StripeLedger.Reply, bytes: Int, _ context: ChannelHandlerContext) {
        var headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(reply.body.utf8.count)",
        ]
        if reply.isReplayed { headers.add(name: "Idempotent-Replayed", value: "true") }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let body = ByteBuffer(bytes: reply.body.utf8.prefix(bytes))
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
}
