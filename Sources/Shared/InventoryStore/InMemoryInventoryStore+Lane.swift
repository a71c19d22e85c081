import Synchronization
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

    package func reject(_ rejection: Rejection, in partition: Partition) async throws(InventoryError) {
        let wasThere = try with(partition) { model, now in model.reject(rejection, now: now) }
        if wasThere, let intent = rejection.intent { announce([intent.order]) }
    }

    package func release(_ release: StockRelease) async throws(InventoryError) -> ReleaseOutcome {
        try with(release.order.partition) { model, now in model.release(release, now: now) }
    }

    package func load(_ stock: StockLoad) async throws(InventoryError) -> LoadOutcome {
        try with(stock.event) { model, _ in model.load(stock) }
    }

    package func amend(_ event: EventID, _ terms: SaleTerms) async throws(InventoryError) -> AmendOutcome {
        try with(event) { model, _ in model.amend(event, terms) }
    }

    package func mark(of partition: Partition) async throws(InventoryError) -> String? {
        try with(partition) { model, _ in model.mark }
    }

    package func setMark(_ mark: String, of partition: Partition) async throws(InventoryError) {
        try with(partition) { model, _ in model.mark = mark }
    }

    package func backlog(of partition: Partition) async throws(InventoryError) -> Int {
        try with(partition) { model, _ in model.intents.entries.count }
    }
}

/// Reads a partition's stream in memory.
package struct InMemoryIntentReader: IntentReader {
    let store: InMemoryInventoryStore
    let partition: Partition
    let consumer: String

    package func next(limit: Int, wait: Duration) async throws(InventoryError) -> [IntentDelivery] {
        let end = ContinuousClock.now + wait
        while true {
            let entries = try store.with(partition) { model, _ in model.intents.read(consumer, limit: limit) }
            guard entries.isEmpty else {
                return entries.map { IntentDelivery(entry: $0.position.id, intent: $0.intent) }
            }
            guard !Task.isCancelled else { throw InventoryError(.unavailable, "the read was cancelled") }
            guard ContinuousClock.now < end else { return [] }
            await store.waitForEntry(in: partition, until: end)
        }
    }

    package func pending(after cursor: String, limit: Int) async throws(InventoryError) -> PendingPage {
        try store.with(partition) { model, _ in model.intents.claim(consumer, from: cursor, limit: limit) }
    }
}

extension InMemoryInventoryStore {
    /// Returns when the partition may have a new entry, at `end`, or when the task is cancelled.
    fileprivate func waitForEntry(in partition: Partition, until end: ContinuousClock.Instant) async {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // A cancelled sleep ends early, and so does the wait.
                try? await Task.sleep(until: end, clock: .continuous)
                self.stopWaiting(number)
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mayRead = state.withLock { state in
                        let model = state.partitions[Int(partition.number)]
                        if model.intents.hasNew || state.failure != nil || Task.isCancelled || .now >= end { return true }
                        state.waiting[number] = (Int(partition.number), continuation)
                        return false
                    }
                    if mayRead { continuation.resume() }
                }
            } onCancel: {
                stopWaiting(number)
            }
            group.cancelAll()
        }
    }

    private func stopWaiting(_ number: Int) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.continuation.resume()
    }

    /// Lets the partition's readers look again.
    func wakeReaders(of partition: Partition) {
        let numbers = state.withLock { state in
            state.waiting.filter { $0.value.partition == Int(partition.number) }.map(\.key)
        }
        for number in numbers { stopWaiting(number) }
    }
}
