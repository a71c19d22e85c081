import InventoryStore
import Ticketing

/// The inventory in memory, with a journal of what the lane did and failures where the test wants them.
struct RecordingStore: LaneStore {
    let base: InMemoryInventoryStore
    let journal: Journal

    var partitioning: Partitioning { base.partitioning }

    func withReader<Result: Sendable>(
        of partition: Partition, consumer: String, _ body: (InMemoryIntentReader) async throws -> Result
    ) async throws -> Result {
        try await base.withReader(of: partition, consumer: consumer, body)
    }

    func acknowledge(
        _ entries: [StreamEntryID], in partition: Partition, drainRate: Double
    ) async throws(InventoryError) -> Int {
        try await recorded(.acknowledge, entries.isEmpty ? nil : .acknowledged(entries)) { () throws(InventoryError) in
            try await base.acknowledge(entries, in: partition, drainRate: drainRate)
        }
    }

    func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError) {
        guard !settled.isEmpty else { return }
        try await recorded(.publish, .published(settled.map(\.id))) { () throws(InventoryError) in
            try await base.publish(settled, in: partition)
        }
    }

    func reject(_ rejection: Rejection, under lease: Lease) async throws(InventoryError) -> RejectOutcome {
        try await recorded(.reject, .rejected(rejection.entry)) { () throws(InventoryError) in
            try await base.reject(rejection, under: lease)
        }
    }

    func release(_ release: StockRelease) async throws(InventoryError) -> ReleaseOutcome {
        try await recorded(.release, .released(release.order)) { () throws(InventoryError) in
            try await base.release(release)
        }
    }

    func retake(_ intent: Intent, under lease: Lease) async throws(InventoryError) -> RetakeOutcome {
        try await base.retake(intent, under: lease)
    }

    func load(_ stock: StockLoad, under lease: Lease) async throws(InventoryError) -> LoadOutcome {
        try await recorded(.load, .loaded(stock.event)) { () throws(InventoryError) in
            try await base.load(stock, under: lease)
        }
    }

    func amend(
        _ event: EventID, _ terms: SaleTerms, grace: Duration
    ) async throws(InventoryError) -> AmendOutcome {
        let outcome = try await base.amend(event, terms, grace: grace)
        if outcome == .amended { journal.note(.amended(event)) }
        return outcome
    }

    func mark(_ lease: Lease) async throws(InventoryError) -> MarkOutcome { try await base.mark(lease) }

    func backlog(of partition: Partition) async throws(InventoryError) -> Int { try await base.backlog(of: partition) }

    func inspect(_ inquiry: StockInquiry) async throws(InventoryError) -> StockReading {
        try await base.inspect(inquiry)
    }

    func heldUnits(of event: EventID) async throws(InventoryError) -> [UserID: Int] {
        try await base.heldUnits(of: event)
    }

    func statuses(of orders: [OrderID]) async throws(InventoryError) -> [OrderID: OrderStatus] {
        try await base.statuses(of: orders)
    }

    private func recorded<Result>(
        _ call: Journal.Call, _ step: Journal.Step?, _ body: () async throws(InventoryError) -> Result
    ) async throws(InventoryError) -> Result {
        if await journal.enter(call) { throw InventoryError(.unavailable, "\(call) fails as the test wants it") }
        let result = try await body()
        if let step { journal.note(step) }
        if journal.leave(call) {
            throw InventoryError(.unavailable, "the answer to \(call) is lost as the test wants it", mayHaveRun: true)
        }
        return result
    }
}
