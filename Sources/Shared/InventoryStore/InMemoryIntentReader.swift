import Synchronization
import Ticketing

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
                        if model.intents.hasNew || state.failure != nil || Task.isCancelled || .now >= end {
                            return true
                        }
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
