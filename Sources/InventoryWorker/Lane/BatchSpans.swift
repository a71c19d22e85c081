import OnsaleTracing
import OrderRepository
import Ticketing
import Tracing

/// What the traces of a batch's orders show of their lane.
///
/// An order is one trace from the request to the ticket, but a batch is one piece of work for many orders. So each
/// recorded order has a span of the batch in its own trace, with a commit below it. The first of them links to the
/// acceptance of every recorded order of the batch, the others link to the first.
struct BatchSpans {
    private let orders: [(order: OrderID, span: RecordedSpan)]
    private var commits: [RecordedSpan] = []

    /// nil when no order of the batch is recorded, which is found out without allocating.
    init?(of batch: [QueuedIntent], under lease: Lease, tracer: SpanTracer?) {
        guard let tracer, batch.contains(where: { $0.intent.trace != nil }) else { return nil }
        orders = batch.compactMap { queued in
            guard let context = ServiceContext(sampledBy: queued.intent.trace) else { return nil }
            let span = tracer.startSpan("lane.batch", context: context, ofKind: .consumer)
            span.updateAttributes { attributes in
                attributes["order.id"] = queued.intent.order.description
                attributes["entry.id"] = queued.entry.text
                attributes["batch.size"] = batch.count
                attributes["partition"] = Int(lease.partition.number)
                attributes["lane.epoch"] = lease.epoch
            }
            return (queued.intent.order, span)
        }
        guard let first = orders.first else { return nil }
        for queued in batch {
            if let trace = ServiceContext(sampledBy: queued.intent.trace)?.trace { first.span.link(to: trace) }
        }
        guard let trace = first.span.context.trace else { return }
        for (_, span) in orders.dropFirst() { span.link(to: trace) }
    }

    /// In which the rest of each order's trace goes on.
    var contexts: [OrderID: ServiceContext] {
        Dictionary(orders.map { ($0.order, $0.span.context) }) { first, _ in first }
    }

    mutating func beginCommit() { commits = orders.map { $0.span.child("commit", ofKind: .client) } }

    func endCommit() { for span in commits { span.end() } }

    func fail(_ error: any Error) {
        for span in commits + orders.map(\.span) { span.recordError(error) }
        end()
    }

    func end() {
        endCommit()
        for (_, span) in orders { span.end() }
    }
}
