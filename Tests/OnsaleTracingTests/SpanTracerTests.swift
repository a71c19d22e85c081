import CoreMetrics
import Testing
import Tracing

@testable import OnsaleTracing

@Suite struct SpanTracerTests {
    private let queue = SpanQueue(factory: NOOPMetricsHandler.instance)

    private func tracer(_ ratio: Double, clientTraces: Int = 100) -> SpanTracer {
        SpanTracer(ratio: ratio, clientTraces: clientTraces, queue: queue)
    }

    @Test(arguments: [0, 0.01, 0.5, 1])
    func asManyTracesAreRecordedAsTheRatioSays(ratio: Double) {
        let tracer = tracer(ratio)
        let count = (0..<20_000).count { _ in tracer.begin("x", traceparent: nil) != nil }
        // Five standard deviations of 20,000 draws.
        let spread = 5 * (20_000 * ratio * (1 - ratio)).squareRoot()
        #expect(abs(Double(count) - 20_000 * ratio) <= spread, "\(count)")
    }

    @Test func whoBeganATraceHasDecided() throws {
        let text = TraceContextTests.text
        let span = try #require(tracer(0).begin("x", traceparent: text))
        #expect(span.context.trace?.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.context.trace?.traceparent != text)
        span.end()
        #expect(queue.take(10).map(\.parent) == [0xb7ad_6b71_6920_3331])
        #expect(tracer(1).begin("x", traceparent: text.dropLast(2) + "00") == nil)
    }

    @Test func aMalformedTraceparentCountsAsNone() throws {
        let span = try #require(tracer(1).begin("x", traceparent: "nonsense"))
        #expect(span.context.trace?.isSampled == true)
        #expect(tracer(0).begin("x", traceparent: "nonsense") == nil)
    }

    @Test func clientsCannotHaveMoreTracesRecordedThanTheLimit() {
        let sampler = TraceSampler(ratio: 0, clientTraces: 3)
        func admitted(in second: UInt64) -> Int {
            (0..<10).count { _ in sampler.begin(TraceContextTests.text, second: { second }) != nil }
        }
        #expect(admitted(in: 7) == 3)
        #expect(admitted(in: 7) == 0)
        #expect(admitted(in: 8) == 3)
    }

    @Test func idsAreDifferentAndNoneIsZero() {
        let sampler = TraceSampler(ratio: 1, clientTraces: 0)
        #expect(Set((0..<10_000).map { _ in sampler.number() }).count == 10_000)
    }

    @Test func aChildIsOfTheSameTraceBelowItsParent() throws {
        let root = try #require(tracer(1).begin("root", traceparent: nil))
        let child = root.child("child", ofKind: .client)
        child.end()
        root.end()
        let spans = queue.take(10)
        #expect(spans.map(\.name) == ["child", "root"])
        #expect(spans[0].trace.traceID == spans[1].trace.traceID)
        #expect(spans[0].parent == spans[1].trace.spanID)
        #expect(spans[1].parent == nil)
        #expect(spans[0].start >= spans[1].start)
        #expect(spans[0].end <= spans[1].end)
    }

    @Test func aSpanThatALibraryBeginsOutsideAnyTraceIsNotRecorded() {
        let tracer = tracer(1)
        tracer.withSpan("of a library") { span in #expect(!span.isRecording) }
        #expect(queue.count == 0)
    }

    @Test func aTraceIsTakenFromOneCarrierAndPutIntoAnother() {
        let tracer = tracer(1)
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": TraceContextTests.text], into: &context, using: Fields())
        var carrier: [String: String] = [:]
        tracer.inject(context, into: &carrier, using: Fields())
        #expect(carrier == ["traceparent": TraceContextTests.text])
        carrier = [:]
        tracer.inject(.topLevel, into: &carrier, using: Fields())
        #expect(carrier.isEmpty)
    }

    @Test func aSpanEndsOnceAndKeepsWhatWasSetBefore() throws {
        let span = try #require(tracer(1).begin("x", traceparent: nil))
        span.updateAttributes { $0["a"] = 1 }
        span.end()
        span.updateAttributes { $0["b"] = 2 }
        span.addEvent("late")
        span.end()
        let spans = queue.take(10)
        #expect(spans.count == 1)
        #expect(spans.first?.attributes.count == 1)
        #expect(spans.first?.events.isEmpty == true)
    }

    @Test func linksHaveALimit() throws {
        let span = try #require(tracer(1).begin("x", traceparent: nil))
        let other = try #require(TraceContext(traceparent: TraceContextTests.text))
        for _ in 0..<1_000 { span.link(to: other) }
        span.end()
        #expect(queue.take(1).first?.links.count == RecordedSpan.maximumLinks)
    }

    @Test func aFullQueueDropsAndCounts() throws {
        let counts = CountingMetrics()
        let queue = SpanQueue(capacity: 2, factory: counts)
        let tracer = SpanTracer(ratio: 1, queue: queue)
        for _ in 0..<5 { tracer.begin("x", traceparent: nil)?.end() }
        #expect(queue.count == 2)
        #expect(counts["onsale_trace_spans_dropped", "queue_full"] == 3)
    }

    private struct Fields: Extractor, Injector {
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }
}
