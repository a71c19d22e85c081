import Synchronization
package import Tracing

/// A span under way. What is set after its end is dropped, as is what is above the limits.
package final class RecordedSpan: Span {
    /// Links and events of one span at most; OpenTelemetry's own limits.
    package static let maximumLinks = 128
    static let maximumEvents = 128

    package let context: ServiceContext
    private let tracer: SpanTracer
    /// nil once it has ended, and from the beginning for a span of a trace that is not recorded.
    private let state: Mutex<FinishedSpan?>

    init(_ span: FinishedSpan?, context: ServiceContext, tracer: SpanTracer) {
        self.context = context
        self.tracer = tracer
        state = Mutex(span)
    }

    package var isRecording: Bool { state.withLock { $0 != nil } }

    /// How others can go on with the trace; nil when it is not recorded.
    package var traceparent: String? { context.trace?.traceparent }

    package var operationName: String {
        get { state.withLock { $0?.name ?? "" } }
        set { state.withLock { $0?.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0?.attributes ?? [:] } }
        set { state.withLock { $0?.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) {
        state.withLock { $0?.status = status }
    }

    package func addEvent(_ event: SpanEvent) {
        let event = FinishedSpan.Event(
            name: event.name, time: event.nanosecondsSinceEpoch, attributes: event.attributes)
        state.withLock { span in
            if let count = span?.events.count, count < Self.maximumEvents { span?.events.append(event) }
        }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
        setStatus(SpanStatus(code: .error, message: "\(error)"))
    }

    package func addLink(_ link: SpanLink) {
        guard let trace = link.context.trace else { return }
        self.link(to: trace)
    }

    package func link(to trace: TraceContext) {
        state.withLock { span in
            if let count = span?.links.count, count < Self.maximumLinks { span?.links.append(trace) }
        }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let end = instant().nanosecondsSinceEpoch
        guard
            var span = state.withLock({ state in
                defer { state = nil }
                return state
            })
        else { return }
        span.end = max(end, span.start)
        tracer.queue.append(span)
    }

    /// Begins a span below this one.
    package func child(
        _ name: String, ofKind kind: SpanKind = .internal,
        at instant: DefaultTracerClock.Timestamp = DefaultTracerClock.now
    ) -> RecordedSpan {
        tracer.startSpan(name, context: context, ofKind: kind, at: instant)
    }
}
