import InventoryStore
import Logging
import Observability
import ServiceLifecycle
import Synchronization
import Ticketing

/// Answers "sold out" for events that are, without asking Redis: after a big sale's first seconds that is nearly every
/// answer.
///
/// An entry holds a filter of everybody who has, or had, units of the event; they are always sent on to Redis, because
/// a retry of theirs must be answered by its order (promise 3). A stranger cannot have an order, so the refusal is
/// right as long as nothing is available. That is looked at every `soldOutRefresh`; an entry that was not confirmed
/// within `soldOutAge` does not answer, so it is silent within 250 ms of stock coming back or of Redis going away.
///
/// A buyer is missing from the filter only when units came back and were sold again after it was loaded. That raises
/// `returns`, so the next look drops the entry; a sale through this gateway drops it at once (`stockReturned`).
final class SoldOutCache<Inventory: InventoryStore>: Service {
    private struct Entry {
        var buyers: BloomFilter
        var members: Int
        var returns: Int64
        var epoch: Int64
        var confirmed: ContinuousClock.Instant
    }

    private enum Slot {
        /// Reported sold out; the loop has yet to load it.
        case reported
        case ready(Entry)
    }

    private let inventory: Inventory
    private let limits: GatewayLimits
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let slots = Mutex<[EventID: Slot]>([:])
    /// Whether there is any slot: most of the time there is none, and then no lock is taken.
    private let isActive = Atomic(false)
    private let (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameter now: Tests put a clock of their own here.
    init(
        inventory: Inventory, limits: GatewayLimits, logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.inventory = inventory
        self.limits = limits
        self.logger = logger
        self.now = now
    }

    /// Whether the user's purchase can be refused as sold out here and now.
    func refuses(_ user: UserID, event: EventID) -> Bool {
        guard isActive.load(ordering: .relaxed) else { return false }
        let now = now()
        return slots.withLock { slots in
            guard case .ready(let entry) = slots[event], now < entry.confirmed.advanced(by: limits.soldOutAge) else {
                return false
            }
            return !entry.buyers.mayContain(user)
        }
    }

    /// Redis said that nothing is available.
    func report(_ event: EventID) {
        let isNew = slots.withLock { slots in
            guard slots[event] == nil, slots.count < limits.soldOutEvents else { return false }
            slots[event] = .reported
            // Under the lock, as where it is unset, so that it always says whether there is a slot.
            isActive.store(true, ordering: .relaxed)
            return true
        }
        if isNew { wakeUp.yield() }
    }

    /// Redis gave units of the event out, so it is not sold out any more.
    func stockReturned(_ event: EventID) {
        guard isActive.load(ordering: .relaxed) else { return }
        drop(event)
    }

    /// Looks at every entry each `soldOutRefresh`, and sleeps without a timer while there is none.
    func run() async throws {
        for await _ in wakeUps.cancelOnGracefulShutdown() {
            while isActive.load(ordering: .relaxed), !Task.isShuttingDownGracefully, !Task.isCancelled {
                await refresh()
                // Ends early when the task is cancelled; the loop's condition is looked at next.
                try? await Task.sleep(for: limits.soldOutRefresh)
            }
        }
    }

    /// One look at every event: loads what was reported, confirms what still holds, drops the rest.
    func refresh() async {
        let events = slots.withLock { Array($0.keys) }
        await withDiscardingTaskGroup { group in
            for event in events { group.addTask { await self.refresh(event) } }
        }
        slots.withLock { slots in
            if slots.isEmpty { isActive.store(false, ordering: .relaxed) }
        }
    }

    private func refresh(_ event: EventID) async {
        // Asked before the answer: what holds is at least as new as this.
        let asked = now()
        do throws(InventoryError) {
            guard let stock = try await inventory.stock(of: event), stock.available <= 0 else { return drop(event) }
            let known: Entry? = slots.withLock { slots in
                guard case .ready(let entry) = slots[event] else { return nil }
                return entry
            }
            guard var entry = known else { return try await load(event, stock: stock) }
            guard entry.returns == stock.returns, entry.epoch == stock.epoch else { return drop(event) }
            entry.confirmed = asked
            let confirmed = entry
            slots.withLock { slots in
                // Dropped in the meantime: stays dropped.
                if case .ready = slots[event] { slots[event] = .ready(confirmed) }
            }
        } catch {
            // The entry ages and stops answering by itself; Redis being away is reported where it is asked first.
            logger.debug("sold_out.refresh_failed", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Reads the buyers into a filter. Only when the stock was empty before and after, with no units returned in
    /// between, is everybody in it who has an order.
    private func load(_ event: EventID, stock before: Stock) async throws(InventoryError) {
        let taken = slots.withLock { slots in
            slots.values.reduce(0) { sum, slot in
                if case .ready(let entry) = slot { sum + entry.members } else { sum }
            }
        }
        var users: [UserID] = []
        try await inventory.buyers(of: event) { users.append(contentsOf: $0) }
        guard taken + users.count <= limits.soldOutBuyers else { return drop(event) }
        var filter = BloomFilter(expected: users.count)
        for user in users { filter.insert(user) }
        let asked = now()
        guard let after = try await inventory.stock(of: event), after.available <= 0, after.returns == before.returns,
            after.epoch == before.epoch
        else { return drop(event) }
        let entry = Entry(
            buyers: filter, members: users.count, returns: after.returns, epoch: after.epoch, confirmed: asked)
        slots.withLock { slots in
            if case .reported = slots[event] { slots[event] = .ready(entry) }
        }
        logger.info(
            "sold_out.cached", metadata: [LogKey.eventID: "\(event)", LogKey.count: "\(users.count)"])
    }

    private func drop(_ event: EventID) {
        slots.withLock { _ = $0.removeValue(forKey: event) }
    }
}
