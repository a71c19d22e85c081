import Synchronization
package import Ticketing

/// The inventory in this process' memory, by the same rules as the one in Redis: for tests of what stands on it.
///
/// Its clock stands still until a test moves it. Only `IntentReader.next` waits in real time, as there is nobody who
/// would move the clock for it.
package final class InMemoryInventoryStore: Sendable {
    struct State {
        var partitions: [InventoryModel]
        var now: Int64
        var failure: InventoryError?
        /// Readers that wait for an entry, by a number of their own.
        var waiting: [Int: (partition: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
        var watchers: [Int: AsyncStream<[OrderID]?>.Continuation] = [:]
        var lastNumber = 0
    }

    package let partitioning: Partitioning
    let configuration: InventoryConfiguration
    let state: Mutex<State>

    /// - Parameter now: What the store's clock shows at first, in milliseconds since 1970.
    package init(
        partitioning: Partitioning, configuration: InventoryConfiguration = InventoryConfiguration(),
        now: Int64 = 1_800_000_000_000
    ) {
        self.partitioning = partitioning
        self.configuration = configuration
        self.state = Mutex(
            State(partitions: Array(repeating: InventoryModel(), count: partitioning.count), now: now))
    }

    /// Runs `body` on one partition, or fails as a test has asked for.
    func with<Result>(
        _ partition: Partition, _ body: (inout InventoryModel, Int64) throws(InventoryError) -> Result
    ) throws(InventoryError) -> Result {
        try state.withLock { state throws(InventoryError) in
            if let failure = state.failure { throw failure }
            let index = Int(partition.number)
            guard state.partitions.indices.contains(index) else {
                throw InventoryError(
                    .unexpectedReply, "partition \(partition) is not one of \(state.partitions.count)")
            }
            return try body(&state.partitions[index], state.now)
        }
    }

    func with<Result>(
        _ event: EventID, _ body: (inout InventoryModel, Int64) throws(InventoryError) -> Result
    ) throws(InventoryError) -> Result {
        try with(partitioning.partition(of: event), body)
    }

    /// Names orders to everyone who watches; nil: news may have been missed.
    func announce(_ orders: [OrderID]?) {
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.yield(orders) }
    }
}

extension InMemoryInventoryStore: InventoryStore {
    package func reserve(_ reservation: Reservation) async throws(InventoryError) -> ReservationOutcome {
        let outcome = try with(reservation.order.partition) { model, now throws(InventoryError) in
            try model.reserve(reservation, backlogLimit: configuration.backlogLimit, now: now)
        }
        if case .accepted = outcome { wakeReaders(of: reservation.order.partition) }
        return outcome
    }

    package func recover(_ intent: Intent) async throws(InventoryError) -> RecoveryOutcome {
        let outcome = try with(intent.order.partition) { model, now in
            model.recover(intent, backlogLimit: configuration.backlogLimit, now: now)
        }
        if case .recovered = outcome { wakeReaders(of: intent.order.partition) }
        return outcome
    }

    package func order(_ id: OrderID) async throws(InventoryError) -> OrderRecord? {
        try with(id.partition) { model, now in model.order(id, now: now)?.record }
    }

    package func deferToPostgres(_ order: OrderID) async throws(InventoryError) {
        try with(order.partition) { model, _ in model.orders[order]?.record?.isDeferred = true }
    }

    package func progress(of partition: Partition) async throws(InventoryError) -> LaneProgress {
        try with(partition) { model, _ in
            LaneProgress(
                accepted: model.accepted, committed: model.committed, drainRate: Double(model.drainRate))
        }
    }

    package func stock(of event: EventID) async throws(InventoryError) -> Stock? {
        try with(event) { model, _ in model.stock(of: event) }
    }

    package func buyers(of event: EventID, _ body: ([UserID]) -> Void) async throws(InventoryError) {
        let users = try with(event) { model, _ in Array((model.buyers[event] ?? [:]).keys) }
        for page in users.chunks(of: InventoryConfiguration.buyersPage) { body(Array(page)) }
    }

    package func ping() async throws(InventoryError) {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    package func finishedOrders() -> AsyncStream<[OrderID]?> {
        AsyncStream { continuation in
            let number = state.withLock { state in
                state.lastNumber += 1
                state.watchers[state.lastNumber] = continuation
                return state.lastNumber
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.watchers.removeValue(forKey: number) }
            }
            continuation.yield(nil)
        }
    }
}
