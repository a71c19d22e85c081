package import CoreMetrics
import DequeModule
import Synchronization

/// Spans that have ended and wait to be exported. When there is no room, the new one is dropped and counted: requests
/// never wait for the collector.
package final class SpanQueue: Sendable {
    /// Why a span never reached the collector.
    package enum Loss: String, CaseIterable, Sendable {
        /// More ended than could be exported.
        case queueFull = "queue_full"
        /// The collector did not answer, or not well, several times.
        case exportFailed = "export_failed"
        /// The collector did not want it.
        case rejected
    }

    private let capacity: Int
    private let spans = Mutex<Deque<FinishedSpan>>([])
    private let exported: Counter
    private let dropped: [Loss: Counter]

    package init(
        capacity: Int = TracingConfiguration.queuedSpans, factory: any MetricsFactory = MetricsSystem.factory
    ) {
        self.capacity = capacity
        exported = Counter(label: "onsale_trace_spans_exported", factory: factory)
        dropped = Dictionary(
            uniqueKeysWithValues: Loss.allCases.map {
                (
                    $0,
                    Counter(
                        label: "onsale_trace_spans_dropped", dimensions: [("reason", $0.rawValue)], factory: factory)
                )
            })
    }

    package var count: Int { spans.withLock { $0.count } }

    func append(_ span: FinishedSpan) {
        let fits = spans.withLock { spans in
            guard spans.count < capacity else { return false }
            spans.append(span)
            return true
        }
        if !fits { lose(1, .queueFull) }
    }

    /// The oldest spans, at most `limit`.
    package func take(_ limit: Int) -> [FinishedSpan] {
        spans.withLock { spans in
            let batch = Array(spans.prefix(limit))
            spans.removeFirst(batch.count)
            return batch
        }
    }

    /// Spans that were taken and are to be taken again, before all others. For a moment there may be a batch too many.
    func putBack(_ batch: [FinishedSpan]) { spans.withLock { $0.prepend(contentsOf: batch) } }

    func export(_ count: Int) { exported.increment(by: count) }

    func lose(_ count: Int, _ loss: Loss) { dropped[loss]?.increment(by: count) }
}
