import Synchronization
package import Ticketing

/// What only tests do: move the clock, break things, and look inside.
extension InMemoryInventoryStore {
    /// What the store's clock shows, milliseconds since 1970.
    package var now: Int64 { state.withLock { $0.now } }

    package func setTime(_ milliseconds: Int64) { state.withLock { $0.now = milliseconds } }

    package func advance(by duration: Duration) {
        state.withLock { $0.now += Int64(duration / .milliseconds(1)) }
    }

    /// From now on every call fails with `error`; nil ends that.
    package func fail(with error: InventoryError?) {
        state.withLock { $0.failure = error }
        for partition in partitioning.all { wakeReaders(of: partition) }
    }

    /// Forgets everything, as `FLUSHALL` does.
    package func empty() {
        state.withLock { state in
            state.partitions = state.partitions.map { InventoryModel(server: $0.server) }
        }
    }

    /// All keys as they are now, for `restart(from:)`.
    package var snapshot: [InventoryModel] { state.withLock(\.partitions) }

    /// Goes on as another server process, with the keys of `snapshot`, or with those there are.
    package func restart(from snapshot: [InventoryModel]? = nil) {
        state.withLock { state in
            let server = state.partitions.map(\.server).max() ?? 0
            state.partitions = snapshot ?? state.partitions
            for index in state.partitions.indices { state.partitions[index].server = server + 1 }
        }
    }

    /// Drops an order's record, as its expiry does.
    package func forget(_ order: OrderID) {
        state.withLock { $0.partitions[Int(order.partition.number)].orders[order] = nil }
    }

    /// Changes how many units are available behind everyone's back.
    package func disturb(_ event: EventID, by units: Int) throws(InventoryError) {
        try with(event) { model, _ in
            guard case .loaded(var stock) = model.events[event] else { return }
            stock.available += units
            model.events[event] = .loaded(stock)
        }
    }

    /// Changes a buyer's count behind everyone's back.
    package func disturb(_ buyer: UserID, of event: EventID, by units: Int) throws(InventoryError) {
        try with(event) { model, _ in model.buyers[event, default: [:]][buyer, default: 0] += units }
    }

    /// Drops an event's stock, and leaves all else.
    package func dropStock(of event: EventID) throws(InventoryError) {
        try with(event) { model, _ in model.events[event] = nil }
    }

    /// Makes an order's record pending, as a record is that was not told of its order's end.
    package func setPending(_ order: OrderID) throws(InventoryError) {
        try with(order.partition) { model, now in
            guard let record = model.order(order, now: now)?.record else { return }
            model.orders[order]?.record = nil
            model.put(
                Intent(
                    order: order, user: record.user, event: record.event, quantity: record.quantity,
                    total: record.total, paymentMethod: record.paymentMethod), sequence: record.sequence, now: now)
        }
    }

    /// Makes the watchers of `finishedOrders` believe that they have missed news.
    package func loseNews() { announce(nil) }

    /// Appends an entry that no lane can read, and returns its id.
    @discardableResult
    package func appendUnreadable(_ fields: [String], to partition: Partition) throws(InventoryError) -> StreamEntryID {
        let id = try with(partition) { model, now in model.intents.append(fields, intent: nil, now: now) }
        wakeReaders(of: partition)
        return id
    }

    /// The entries that were given up on, each as names and values in turn.
    package func deadEntries(of partition: Partition) throws(InventoryError) -> [[String]] {
        try with(partition) { model, _ in model.dead }
    }
}
