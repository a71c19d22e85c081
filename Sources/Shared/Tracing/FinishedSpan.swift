package import Tracing

/// A span that has ended, as it waits to be exported: about 1 kB.
package struct FinishedSpan: Sendable {
    package struct Event: Sendable {
        package let name: String
        package let time: UInt64
        package let attributes: SpanAttributes
    }

    package let trace: TraceContext
    /// nil for the first span of a trace.
    package let parent: UInt64?
    package var name: String
    package let kind: SpanKind
    /// Nanoseconds since 1970.
    package let start: UInt64
    package var end: UInt64
    package var attributes: SpanAttributes = [:]
    package var links: [TraceContext] = []
    package var events: [Event] = []
    package var status: SpanStatus?
}
