import InventoryStore
import OrderRepository
import Ticketing

/// Redis as one worker reaches it.
struct SimulatedLaneStore: LaneStore {
    let world: World
    let process: SimulatedProcess

    var partitioning: Partitioning { world.partitioning }

    func withReader<Result: Sendable>(
        of partition: Partition, consumer: String, _ body: (SimulatedIntentReader) async throws -> Result
    ) async throws -> Result {
        try await call("connect", partition) { () async throws(InventoryError) in }
        return try await world.inventory.withReader(of: partition, consumer: consumer) { base in
            try await body(SimulatedIntentReader(store: self, base: base, partition: partition))
        }
    }

    func acknowledge(
        _ entries: [StreamEntryID], in partition: Partition, drainRate: Double
    ) async throws(InventoryError) -> Int {
        guard !entries.isEmpty else { return 0 }
        return try await call("acknowledge", partition) {
            [inventory = world.inventory] () async throws(InventoryError) in
            try await inventory.acknowledge(entries, in: partition, drainRate: drainRate)
        }
    }

    func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError) {
        guard !settled.isEmpty else { return }
        try await call("publish", partition) { [inventory = world.inventory] () async throws(InventoryError) in
            try await inventory.publish(settled, in: partition)
        }
    }

    func reject(_ rejection: Rejection, under lease: Lease) async throws(InventoryError) -> RejectOutcome {
        try await call("reject", lease.partition) { [world] () async throws(InventoryError) in
            let before = world.inventory.image(of: lease.partition)
            let outcome = try await world.inventory.reject(rejection, under: lease)
            world.auditor.expectMark(lease, hasWritten: outcome == .rejected, before: before, "a rejection")
            if outcome == .rejected { world.auditor.rejected(rejection.entry, in: lease.partition) }
            return outcome
        }
    }

    func release(_ release: StockRelease) async throws(InventoryError) -> ReleaseOutcome {
        try await call("release", release.order.partition) { [world] () async throws(InventoryError) in
            let outcome = try await world.inventory.release(release)
            if outcome == .released { world.auditor.released(release) }
            return outcome
        }
    }

    func retake(_ intent: Intent, under lease: Lease) async throws(InventoryError) -> RetakeOutcome {
        try await call("retake", lease.partition) { [world] () async throws(InventoryError) in
            let before = world.inventory.image(of: lease.partition)
            let outcome = try await world.inventory.retake(intent, under: lease)
            var hasWritten = false
            if case .taken = outcome { hasWritten = true }
            world.auditor.expectMark(lease, hasWritten: hasWritten, before: before, "a second taking")
            world.auditor.retaken(
                intent, outcome, before: before, after: world.inventory.image(of: lease.partition))
            return outcome
        }
    }

    func load(_ stock: StockLoad, under lease: Lease) async throws(InventoryError) -> LoadOutcome {
        try await call("fill", lease.partition) { [inventory = world.inventory] () async throws(InventoryError) in
            try inventory.fillBuyers(of: stock)
        }
        return try await call("load", lease.partition) { [world] () async throws(InventoryError) in
            let before = world.inventory.image(of: lease.partition)
            let outcome = try world.inventory.loadStock(stock, under: lease)
            world.auditor.expectMark(lease, hasWritten: outcome == .loaded, before: before, "a load")
            return outcome
        }
    }

    func amend(
        _ event: EventID, _ terms: SaleTerms, grace: Duration
    ) async throws(InventoryError) -> AmendOutcome {
        try await call("amend", world.partitioning.partition(of: event)) {
            [inventory = world.inventory] () async throws(InventoryError) in
            try await inventory.amend(event, terms, grace: grace)
        }
    }

    func mark(_ lease: Lease) async throws(InventoryError) -> MarkOutcome {
        try await call("mark", lease.partition) { [inventory = world.inventory] () async throws(InventoryError) in
            try await inventory.mark(lease)
        }
    }

    func backlog(of partition: Partition) async throws(InventoryError) -> Int {
        try await call("backlog", partition) { [inventory = world.inventory] () async throws(InventoryError) in
            try await inventory.backlog(of: partition)
        }
    }

    func inspect(_ inquiry: StockInquiry) async throws(InventoryError) -> StockReading {
        try await call("inspect", world.partitioning.partition(of: inquiry.event)) {
            [inventory = world.inventory] () async throws(InventoryError) in try await inventory.inspect(inquiry)
        }
    }

    func heldUnits(of event: EventID) async throws(InventoryError) -> [UserID: Int] {
        try await call("held", world.partitioning.partition(of: event)) {
            [inventory = world.inventory] () async throws(InventoryError) in try await inventory.heldUnits(of: event)
        }
    }

    func statuses(of orders: [OrderID]) async throws(InventoryError) -> [OrderID: OrderStatus] {
        guard let partition = orders.first?.partition else { return [:] }
        return try await call("statuses", partition) { [inventory = world.inventory] () async throws(InventoryError) in
            try await inventory.statuses(of: orders)
        }
    }

    fileprivate func call<Value: Sendable>(
        _ name: StaticString, _ partition: Partition,
        _ effect: @escaping @Sendable () async throws(InventoryError) -> Value
    ) async throws(InventoryError) -> Value {
        try await world.redis(name, from: process, partition, effect)
    }
}

/// The stream as one lane reads it. It looks once, and once more within the time it may wait.
struct SimulatedIntentReader: IntentReader {
    let store: SimulatedLaneStore
    let base: InMemoryIntentReader
    let partition: Partition

    func next(limit: Int, wait: Duration) async throws(InventoryError) -> [IntentDelivery] {
        let found = try await read(limit: limit)
        guard found.isEmpty, wait > .zero else { return found }
        do { try await store.world.scheduler.sleep(store.world.draw(wait / 4...wait)) } catch {
            throw InventoryError(.unavailable, "the read was cancelled")
        }
        return try await read(limit: limit)
    }

    func pending(after cursor: String, limit: Int) async throws(InventoryError) -> PendingPage {
        try await store.call("claim", partition) { [self] () async throws(InventoryError) in
            let page = try await base.pending(after: cursor, limit: limit)
            note(page.deliveries)
            store.world.auditor.expect(page.lost.isEmpty, .i15, "entries \(page.lost) are lost")
            return page
        }
    }

    private func read(limit: Int) async throws(InventoryError) -> [IntentDelivery] {
        try await store.call("read", partition) { [self] () async throws(InventoryError) in
            let deliveries = try await base.next(limit: limit, wait: .zero)
            note(deliveries)
            if store.world.control == .acknowledgeFirst {
                try await store.world.inventory.acknowledge(deliveries.map(\.entry), in: partition, drainRate: 0)
            }
            return deliveries
        }
    }

    private func note(_ deliveries: [IntentDelivery]) {
        store.world.auditor.delivered(
            deliveries.map(\.entry), of: partition, to: store.process, isHeard: !store.world.network.isLate)
    }
}

extension World {
    /// A call of `process` on Redis, looked at from both sides.
    func redis<Value: Sendable>(
        _ name: StaticString, from process: SimulatedProcess, _ partition: Partition,
        _ effect: @escaping @Sendable () async throws(InventoryError) -> Value
    ) async throws(InventoryError) -> Value {
        try await network.call(
            name, from: process, to: .redis,
            failure: { InventoryError(.unavailable, "no answer", mayHaveRun: $0) }
        ) { [self] () async throws(InventoryError) in
            setClock()
            let before = inventory.image(of: partition)
            defer { auditor.redisStep(of: partition, before: before) }
            return try await effect()
        }
    }
}
