package import Ticketing

extension InMemoryInventoryStore: LaneStore {
    package func withReader<Result: Sendable>(
        of partition: Partition, consumer: String, _ body: (InMemoryIntentReader) async throws -> Result
    ) async throws -> Result {
        try with(partition) { _, _ in }
        return try await body(InMemoryIntentReader(store: self, partition: partition, consumer: consumer))
    }

    @discardableResult
    package func acknowledge(
        _ entries: [StreamEntryID], in partition: Partition, drainRate: Double
    ) async throws(InventoryError) -> Int {
        guard !entries.isEmpty else { return 0 }
        return try with(partition) { model, _ in
            model.acknowledge(entries, drainRate: Int(exactly: drainRate.rounded()) ?? 0)
        }
    }

    package func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError) {
        guard !settled.isEmpty else { return }
        try with(partition) { model, now in _ = model.publish(settled, now: now) }
        announce(settled.map(\.id))
    }

    package func reject(
        _ rejection: Rejection, under lease: Lease
    ) async throws(InventoryError) -> RejectOutcome {
        let outcome = try with(lease.partition) { model, now in
            model.reject(rejection, laneEpoch: lease.epoch, now: now)
        }
        if outcome == .rejected, let intent = rejection.intent { announce([intent.order]) }
        return outcome
    }

    package func release(_ release: StockRelease) async throws(InventoryError) -> ReleaseOutcome {
        try with(release.order.partition) { model, now in model.release(release, now: now) }
    }

    package func retake(_ intent: Intent, under lease: Lease) async throws(InventoryError) -> RetakeOutcome {
        try with(lease.partition) { model, now in model.retake(intent, laneEpoch: lease.epoch, now: now) }
    }

    package func load(_ stock: StockLoad, under lease: Lease) async throws(InventoryError) -> LoadOutcome {
        try fillBuyers(of: stock)
        return try loadStock(stock, under: lease)
    }

    /// The first of the two messages that a load is.
    package func fillBuyers(of stock: StockLoad) throws(InventoryError) {
        _ = try with(stock.event) { model, _ in
            model.fill(stock.event, epoch: stock.epoch, isFirst: true, stock.buyers)
        }
    }

    /// The second, which follows when the first was answered.
    package func loadStock(_ stock: StockLoad, under lease: Lease) throws(InventoryError) -> LoadOutcome {
        try with(stock.event) { model, now in model.load(stock, laneEpoch: lease.epoch, now: now) }
    }

    package func amend(
        _ event: EventID, _ terms: SaleTerms, grace: Duration
    ) async throws(InventoryError) -> AmendOutcome {
        try with(event) { model, now in
            model.amend(event, terms, grace: Int64(grace / .milliseconds(1)), now: now)
        }
    }

    package func mark(_ lease: Lease) async throws(InventoryError) -> MarkOutcome {
        let outcome = try with(lease.partition) { model, now in model.mark(lease.epoch, now: now) }
        if outcome == .empty || outcome == .restarted { announce(nil) }
        return outcome
    }

    package func backlog(of partition: Partition) async throws(InventoryError) -> Int {
        try with(partition) { model, _ in model.intents.entries.count }
    }

    package func inspect(_ inquiry: StockInquiry) async throws(InventoryError) -> StockReading {
        try with(inquiry.event) { model, now in model.inspect(inquiry, now: now) }
    }

    package func heldUnits(of event: EventID) async throws(InventoryError) -> [UserID: Int] {
        try with(event) { model, _ in model.buyers[event] ?? [:] }
    }

    package func statuses(of orders: [OrderID]) async throws(InventoryError) -> [OrderID: OrderStatus] {
        var statuses: [OrderID: OrderStatus] = [:]
        for order in orders {
            statuses[order] = try with(order.partition) { model, now in model.order(order, now: now)?.record?.status }
        }
        return statuses
    }
}
