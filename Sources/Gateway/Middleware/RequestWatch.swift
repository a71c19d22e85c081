import Hummingbird
import Logging
import NIOCore
import Observability
import OnsaleTracing
import Ticketing
import Tracing

/// Traces requests and, at level `debug`, logs each of them. For a request that is not traced it costs the decision and
/// one look at the log level, and allocates nothing.
struct RequestWatch: Sendable {
    /// One answered request.
    struct Exchange {
        let method: String
        /// The route's template, never the path, which may hold ticket codes.
        let route: String
        let status: Int
        var requestID: String?
        var order: OrderID?
        var code: ProblemCode?
        let time: TimeAmount
    }

    let tracer: SpanTracer?
    let logger: Logger

    var logsRequests: Bool { logger.logLevel <= .debug }

    /// Ends the request's span, and logs it.
    func finish(_ exchange: Exchange, _ span: RecordedSpan?) {
        if logsRequests { log(exchange, span) }
        guard let span else { return }
        span.operationName = "\(exchange.method) \(exchange.route)"
        span.updateAttributes { attributes in
            attributes["http.request.method"] = exchange.method
            attributes["http.route"] = exchange.route
            attributes["http.response.status_code"] = exchange.status
            attributes["request.id"] = exchange.requestID
            attributes["order.id"] = exchange.order?.description
            attributes["onsale.code"] = exchange.code?.rawValue
        }
        if exchange.status >= 500 { span.setStatus(SpanStatus(code: .error)) }
        span.end()
    }

    /// A span of a poll in the trace of the order that it has found, from when the poll began. The order was traced
    /// without the client's knowing, so its polls do not name the trace.
    func poll(of trace: String, since time: TimeAmount) -> RecordedSpan? {
        guard let tracer, let context = ServiceContext(sampledBy: trace), tracer.follows() else { return nil }
        let start = DefaultTracerClock.now.nanosecondsSinceEpoch - UInt64(max(0, time.nanoseconds))
        return tracer.startSpan(
            "poll", context: context, ofKind: .server,
            at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: start))
    }

    private func log(_ exchange: Exchange, _ span: RecordedSpan?) {
        var metadata: Logger.Metadata = [
            LogKey.method: "\(exchange.method)", LogKey.route: "\(exchange.route)",
            LogKey.status: "\(exchange.status)", LogKey.duration: "\(Duration.nanoseconds(exchange.time.nanoseconds))",
        ]
        metadata[LogKey.requestID] = exchange.requestID.map { "\($0)" }
        metadata[LogKey.orderID] = exchange.order.map { "\($0)" }
        metadata[LogKey.code] = exchange.code.map { "\($0.rawValue)" }
        metadata[LogKey.traceID] = (span?.context.trace).map { "\($0.traceID)" }
        logger.debug("request.answered", metadata: metadata)
    }
}
