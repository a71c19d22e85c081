package import Logging
package import Tracing

private enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "trace"
}

extension ServiceContext {
    /// The span that what happens in this context belongs to.
    package var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }

    /// The context that a text in a stream entry or an order record names; nil unless its trace is recorded.
    package init?(sampledBy traceparent: String?) {
        guard let trace = traceparent.flatMap({ TraceContext(traceparent: $0) }), trace.isSampled else { return nil }
        self = .topLevel
        self.trace = trace
    }
}

extension Logger.MetadataProvider {
    /// Names the trace in each log record that is made within one, as `trace.id` and `span.id`.
    package static let trace = Logger.MetadataProvider {
        guard let trace = ServiceContext.current?.trace else { return [:] }
        return ["trace.id": "\(trace.traceID)", "span.id": "\(TraceContext.hex(trace.spanID))"]
    }
}
