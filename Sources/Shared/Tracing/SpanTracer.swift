import Synchronization
package import Tracing

/// Our tracer of swift-distributed-tracing: makes spans, and keeps those that have ended until they are exported.
///
/// Traces begin in `begin` alone, with a request. A span that a library starts outside any trace (a health check, an
/// upload) belongs to no order and is not recorded.
package final class SpanTracer: Tracer {
    package let queue: SpanQueue
    private let sampler: TraceSampler

    /// - Parameters:
    ///   - ratio: The share of traces that is recorded of those that begin here, 0...1.
    ///   - clientTraces: How many of those that clients have begun are recorded in a second.
    package init(ratio: Double, clientTraces: Int = TracingConfiguration.clientTraces, queue: SpanQueue) {
        sampler = TraceSampler(ratio: ratio, clientTraces: clientTraces)
        self.queue = queue
    }

    /// Begins the span of a request; nil when its trace is not recorded, which costs no allocation.
    ///
    /// - Parameter traceparent: What the client has sent, if anything.
    package func begin(_ name: String, traceparent: String?) -> RecordedSpan? {
        let parent = sampler.begin(traceparent) { Self.second }
        guard let parent else { return nil }
        return span(
            name, high: parent.high, low: parent.low, parent: parent.span, kind: .server,
            start: DefaultTracerClock.now.nanosecondsSinceEpoch, in: .topLevel)
    }

    /// Whether one more poll is recorded in the trace of the order that it has found: as many a second as of the traces that
    /// clients begin.
    package func follows() -> Bool { sampler.follows(second: Self.second) }

    private static var second: UInt64 { DefaultTracerClock.now.nanosecondsSinceEpoch / 1_000_000_000 }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        let context = context()
        guard let trace = context.trace, trace.isSampled else {
            return RecordedSpan(nil, context: context, tracer: self)
        }
        return span(
            operationName, high: trace.traceHigh, low: trace.traceLow, parent: trace.spanID, kind: kind,
            start: instant().nanosecondsSinceEpoch, in: context)
    }

    private func span(
        _ name: String, high: UInt64, low: UInt64, parent: UInt64?, kind: SpanKind, start: UInt64,
        in context: ServiceContext
    ) -> RecordedSpan {
        let trace = TraceContext(traceHigh: high, traceLow: low, spanID: sampler.number(), isSampled: true)
        var context = context
        context.trace = trace
        return RecordedSpan(
            FinishedSpan(trace: trace, parent: parent, name: name, kind: kind, start: start, end: start),
            context: context, tracer: self)
    }

    /// Nothing to do: the exporter takes what waits, also at the end.
    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: Self.header, from: carrier),
            let trace = TraceContext(traceparent: text)
        else { return }
        context.trace = trace
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: Self.header, into: &carrier)
    }

    private static let header = "traceparent"
}
