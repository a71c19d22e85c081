import Observability
import OrderRepository
import TestSupport
import Testing
import Ticketing
import Tracing

@testable import InventoryWorker
@testable import OnsaleTracing

/// What a lane records of orders whose traces are recorded.
@Suite(.timeLimit(.minutes(1)))
struct BatchSpansTests {
    private let queue = SpanQueue(factory: PrometheusRegistry())
    private let tracer: SpanTracer
    private let lease = Lease(partition: Partition(0), epoch: 3)

    init() { tracer = SpanTracer(ratio: 0, queue: queue) }

    private static func traceparent(_ number: Int) -> String {
        TraceContext(traceHigh: 1, traceLow: UInt64(number), spanID: UInt64(number), isSampled: true).traceparent
    }

    private func batch(_ traces: [String?]) -> [QueuedIntent] {
        traces.enumerated().map { index, trace in
            var intent = Intent.number(index)
            intent.trace = trace
            return QueuedIntent(entry: StreamEntryID("1-\(index)"), intent: intent)
        }
    }

    @Test func aBatchWithoutTracedOrdersHasNone() throws {
        let malformed = ["", "nonsense", String(repeating: "x", count: 100_000), Self.traceparent(1).dropLast() + "0"]
        #expect(BatchSpans(of: batch([nil, nil] + malformed), under: lease, tracer: tracer) == nil)
        #expect(BatchSpans(of: batch([Self.traceparent(1)]), under: lease, tracer: nil) == nil)
        #expect(queue.count == 0)
    }

    @Test func eachTracedOrderHasTheBatchInItsTraceAndTheyAreLinked() throws {
        let batch = batch([Self.traceparent(7), nil, Self.traceparent(8), "nonsense", Self.traceparent(9)])
        var spans = try #require(BatchSpans(of: batch, under: lease, tracer: tracer))
        spans.beginCommit()
        spans.endCommit()
        let contexts = spans.contexts
        spans.end()
        spans.end()
        let ended = queue.take(100)
        let batches = ended.filter { $0.name == "lane.batch" }
        let commits = ended.filter { $0.name == "commit" }
        #expect(batches.map(\.trace.traceLow) == [7, 8, 9])
        #expect(batches.map(\.parent) == [7, 8, 9])
        #expect(commits.map(\.parent) == batches.map(\.trace.spanID))
        #expect(batches[0].links.map(\.traceLow) == [7, 8, 9])
        #expect(batches[1].links == [batches[0].trace])
        #expect(batches[2].links == [batches[0].trace])
        #expect(contexts.count == 3)
        #expect(contexts[batch[2].intent.order]?.trace == batches[1].trace)
    }

    @Test func aCommitThatFailsShowsInItsSpans() throws {
        struct Failure: Error {}
        var spans = try #require(BatchSpans(of: batch([Self.traceparent(7)]), under: lease, tracer: tracer))
        spans.beginCommit()
        spans.fail(Failure())
        let ended = queue.take(10)
        #expect(ended.count == 2)
        #expect(ended.allSatisfy { $0.status?.code == .error })
    }

    @Test func aWholeLaneRecordsATracedOrderToItsEndAndNoOther() async throws {
        let sale = try Sale()
        try await sale.open()
        let traced = try await sale.buy(trace: Self.traceparent(7))
        let silent = try await sale.buy()
        let odd = try await sale.buy(trace: "nonsense")
        try await sale.serving(sale.lane(tracer: tracer)) { _ in
            #expect(try await sale.outcomes(of: [traced, silent, odd]) == [.confirmed, .confirmed, .confirmed])
            try await eventually("its last span has ended") { queue.count >= 5 }
        }
        let spans = queue.take(100)
        #expect(Set(spans.map(\.name)) == ["lane.batch", "commit", "charge", "settle", "publish"])
        #expect(spans.count == 5)
        #expect(spans.allSatisfy { $0.trace.traceLow == 7 })
        try await sale.audit()
    }
}
