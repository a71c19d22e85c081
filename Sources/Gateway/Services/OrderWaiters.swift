import InventoryStore
import ServiceLifecycle
import Synchronization
import Ticketing

/// Long polls that wait for an order to become final, woken by the store's news or by one coarse timer for all of them.
///
/// Usage: `register` before reading the order, so that no news falls between; then `wait`; after a wake-up `rearm`,
/// read again; at the end `remove`.
final class OrderWaiters<Inventory: InventoryStore>: Service {
    /// One long poll's place here.
    struct Ticket: Hashable, Sendable {
        fileprivate let order: OrderID
        fileprivate let number: Int
    }

    private struct Waiter {
        var isWoken = false
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var waiters: [OrderID: [Int: Waiter]] = [:]
        /// By the tick in which they expire. A ticket stays here until then, also when its poll has ended before.
        var deadlines: [Int64: [Ticket]] = [:]
        var count = 0
        var numbers = 0
        var isDraining = false
    }

    private let inventory: Inventory
    private let limits: GatewayLimits
    private let start: ContinuousClock.Instant
    private let state = Mutex(State())

    init(inventory: Inventory, limits: GatewayLimits) {
        self.inventory = inventory
        self.limits = limits
        self.start = .now
    }

    var count: Int { state.withLock(\.count) }

    /// nil when there are `longPolls` already or the gateway stops: then the answer must not wait.
    func register(_ order: OrderID, until deadline: ContinuousClock.Instant) -> Ticket? {
        // Rounded up, so that nobody is woken early.
        let tick = self.tick(deadline) + 1
        return state.withLock { state in
            guard !state.isDraining, state.count < limits.longPolls else { return nil }
            state.count += 1
            state.numbers += 1
            let ticket = Ticket(order: order, number: state.numbers)
            state.waiters[order, default: [:]][ticket.number] = Waiter()
            state.deadlines[tick, default: []].append(ticket)
            return ticket
        }
    }

    /// Returns when there may be news of the order since `register` or `rearm`, at the deadline, when the gateway
    /// stops or when the caller is cancelled.
    func wait(_ ticket: Ticket) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWoken = state.withLock { state in
                    guard let waiter = state.waiters[ticket.order]?[ticket.number], !waiter.isWoken, !state.isDraining
                    else { return true }
                    state.waiters[ticket.order]?[ticket.number]?.continuation = continuation
                    return false
                }
                if isWoken { continuation.resume() }
            }
        } onCancel: {
            wake { state in Self.wake(&state, ticket) }
        }
    }

    /// From here on news counts again; false when the gateway stops, then do not wait.
    func rearm(_ ticket: Ticket) -> Bool {
        state.withLock { state in
            state.waiters[ticket.order]?[ticket.number]?.isWoken = false
            return !state.isDraining
        }
    }

    func remove(_ ticket: Ticket) {
        state.withLock { state in
            guard state.waiters[ticket.order]?.removeValue(forKey: ticket.number) != nil else { return }
            if state.waiters[ticket.order]?.isEmpty == true { state.waiters[ticket.order] = nil }
            state.count -= 1
        }
    }

    /// Wakes the waiters of these orders; nil wakes all, for news may have been missed.
    func signal(_ orders: [OrderID]?) {
        wake { state in
            (orders ?? Array(state.waiters.keys)).flatMap { order in
                (state.waiters[order] ?? [:]).keys.flatMap {
                    Self.wake(&state, Ticket(order: order, number: $0))
                }
            }
        }
    }

    /// Wakes those whose deadline is not after `now`.
    func expire(now: ContinuousClock.Instant) {
        let tick = self.tick(now)
        wake { state in
            state.deadlines.keys.filter { $0 <= tick }.flatMap { due in
                (state.deadlines.removeValue(forKey: due) ?? []).flatMap { Self.wake(&state, $0) }
            }
        }
    }

    /// Wakes everybody and lets nobody wait any more: the gateway stops.
    func drain() {
        state.withLock { $0.isDraining = true }
        signal(nil)
    }

    /// Hears the store's news and keeps the time. When the gateway stops, the waiting polls are answered at once.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.expireRegularly() }
            for await orders in inventory.finishedOrders().cancelOnGracefulShutdown() { signal(orders) }
            group.cancelAll()
        }
        drain()
    }

    private func expireRegularly() async {
        while !Task.isCancelled {
            // Ends early when the process stops; the loop's condition is looked at next.
            try? await Task.sleep(for: limits.longPollTick)
            expire(now: .now)
        }
    }

    private func tick(_ instant: ContinuousClock.Instant) -> Int64 {
        (instant - start).nanoseconds / limits.longPollTick.nanoseconds
    }

    private func wake(_ find: (inout State) -> [CheckedContinuation<Void, Never>]) {
        for continuation in state.withLock({ find(&$0) }) { continuation.resume() }
    }

    private static func wake(_ state: inout State, _ ticket: Ticket) -> [CheckedContinuation<Void, Never>] {
        guard let waiter = state.waiters[ticket.order]?[ticket.number], !waiter.isWoken else { return [] }
        state.waiters[ticket.order]?[ticket.number] = Waiter(isWoken: true, continuation: nil)
        return waiter.continuation.map { [$0] } ?? []
    }
}
