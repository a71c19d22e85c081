import Synchronization
package import Ticketing

/// A partition of the in-memory inventory at one instant, to be looked at.
package struct PartitionImage: Sendable {
    fileprivate let model: InventoryModel
    fileprivate let now: Int64

    /// Oldest first.
    package var entries: [IntentDelivery] {
        model.intents.entries.map { IntentDelivery(entry: $0.position.id, intent: $0.intent) }
    }

    package var accepted: Int64 { model.accepted }
    package var backlog: Int { model.intents.entries.count }
    package var deadEntries: Int { model.dead.count }
    /// Epoch of the lane that has marked the partition.
    package var mark: Int64? { model.mark }

    package func stock(of event: EventID) -> Stock? { model.stock(of: event) }

    /// Whether the event's stock was loaded into an earlier server process, and no lane has noticed yet.
    package func isLeftOver(_ event: EventID) -> Bool {
        guard case .loaded(let stock) = model.events[event] else { return false }
        return stock.run != model.server
    }

    /// Which version of the organiser's terms is there.
    package func revision(of event: EventID) -> Int64? {
        guard case .loaded(let stock) = model.events[event] else { return nil }
        return stock.terms.revision
    }

    package func units(of event: EventID, user: UserID) -> Int { model.buyers[event]?[user] ?? 0 }

    /// Buyers who have units.
    package func holders(of event: EventID) -> [UserID: Int] { (model.buyers[event] ?? [:]).filter { $0.value > 0 } }

    package func record(of order: OrderID) -> OrderRecord? { model.order(order, now: now)?.record }

    /// Entries that were on the stream in `self` and are no longer in `later`.
    package func entriesRemoved(in later: PartitionImage) -> [IntentDelivery] {
        guard model.intents.entries != later.model.intents.entries else { return [] }
        let left = Set(later.model.intents.entries.map(\.position))
        return model.intents.entries.filter { !left.contains($0.position) }
            .map { IntentDelivery(entry: $0.position.id, intent: $0.intent) }
    }
}

extension InMemoryInventoryStore {
    package func image(of partition: Partition) -> PartitionImage {
        state.withLock { PartitionImage(model: $0.partitions[Int(partition.number)], now: $0.now) }
    }

    // MARK: - Breaking the rules on purpose

    /// Takes units without an order.
    package func takeUnits(_ count: Int, of event: EventID) {
        let index = Int(partitioning.partition(of: event).number)
        state.withLock { state in
            guard case .loaded(var stock) = state.partitions[index].events[event] else { return }
            stock.available -= count
            state.partitions[index].events[event] = .loaded(stock)
        }
    }

    /// Drops the oldest entries beyond `length`, as `XTRIM MAXLEN` does.
    package func trim(_ partition: Partition, to length: Int) {
        state.withLock { state in
            let entries = state.partitions[Int(partition.number)].intents.entries
            for entry in entries.dropLast(length) {
                state.partitions[Int(partition.number)].intents.remove([entry.position.id])
            }
        }
    }

    /// Takes the order's intent off the stream as if it had never been appended.
    package func withdraw(_ order: OrderID) {
        state.withLock { state in
            let intents = state.partitions[Int(order.partition.number)].intents
            state.partitions[Int(order.partition.number)].intents.remove(
                intents.entries.filter { $0.intent?.order == order }.map(\.position.id))
        }
    }

    /// Appends an intent and does nothing else.
    package func append(_ intent: Intent) {
        state.withLock { state in
            _ = state.partitions[Int(intent.order.partition.number)].intents.append(
                intent.fields, intent: intent, now: state.now)
        }
        wakeReaders(of: intent.order.partition)
    }
}
