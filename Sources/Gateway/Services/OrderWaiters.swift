import InventoryStore
import ServiceLifecycle
import Synchronization
import Ticketing

/// Long polls that wait for an order to become final, woken by the store's news or by one coarse timer for all of them.
///
/// Usage: `register` before reading the order, so that no news falls between; then `wait`, then `remove`.
final class OrderWaiters<Inventory: InventoryStore>: Service {
    /// One long poll's place here.
    struct Ticket: Hashable, Sendable {
        fileprivate let order: OrderID
        fileprivate let number: Int
    }

    private struct Waiter {
        let deadline: ContinuousClock.Instant
        var isWoken = false
        var continuation: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var waiters: [OrderID: [Int: Waiter]] = [:]
        var count = 0
        var numbers = 0
        var isDraining = false
    }

    private let inventory: Inventory
    private let limits: GatewayLimits
    private let state = Mutex(State())

    init(inventory: Inventory, limits: GatewayLimits) {
        self.inventory = inventory
        self.limits = limits
    }

    var count: Int { state.withLock(\.count) }

    /// nil when there are `longPolls` already or the gateway stops: then the answer must not wait.
    func register(_ order: OrderID, until deadline: ContinuousClock.Instant) -> Ticket? {
        state.withLock { state in
            guard !state.isDraining, state.count < limits.longPolls else { return nil }
            state.count += 1
            state.numbers += 1
            state.waiters[order, default: [:]][state.numbers] = Waiter(deadline: deadline)
            return Ticket(order: order, number: state.numbers)
        }
    }

    /// Returns when there may be news of the order since `register`, at the deadline, when the gateway stops or when
    /// the caller is cancelled.
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
            wake { order, number, _ in order == ticket.order && number == ticket.number }
        }
    }

    func remove(_ ticket: Ticket) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiters[ticket.order]?.removeValue(forKey: ticket.number) else { return nil }
            if state.waiters[ticket.order]?.isEmpty == true { state.waiters[ticket.order] = nil }
            state.count -= 1
            return waiter
        }
        waiter?.continuation?.resume()
    }

    /// Wakes the waiters of these orders; nil wakes all, for news may have been missed.
    func signal(_ orders: [OrderID]?) {
        guard let orders else { return wake { _, _, _ in true } }
        let woken = state.withLock { state in orders.flatMap { Self.wake(&state, order: $0) { _, _ in true } } }
        for continuation in woken { continuation.resume() }
    }

    /// Wakes those whose deadline is not after `now`.
    func expire(now: ContinuousClock.Instant) {
        wake { _, _, waiter in waiter.deadline <= now }
    }

    /// Wakes everybody and lets nobody wait any more: the gateway stops.
    func drain() {
        state.withLock { $0.isDraining = true }
        wake { _, _, _ in true }
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.expireRegularly() }
                for await orders in self.inventory.finishedOrders() {
                    self.signal(orders)
                    if Task.isCancelled || self.state.withLock(\.isDraining) { break }
                }
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            self.drain()
        }
    }

    private func expireRegularly() async {
        while !Task.isCancelled {
            // Ends early when the process stops; the loop's condition is looked at next.
            try? await Task.sleep(for: limits.longPollTick)
            expire(now: .now)
        }
    }

    private func wake(_ isMeant: (OrderID, Int, Waiter) -> Bool) {
        let woken = state.withLock { state in
            Array(state.waiters.keys).flatMap { order in
                Self.wake(&state, order: order) { isMeant(order, $0, $1) }
            }
        }
        for continuation in woken { continuation.resume() }
    }

    private static func wake(
        _ state: inout State, order: OrderID, _ isMeant: (Int, Waiter) -> Bool
    ) -> [CheckedContinuation<Void, Never>] {
        guard let waiters = state.waiters[order] else { return [] }
        var woken: [CheckedContinuation<Void, Never>] = []
        for (number, waiter) in waiters where !waiter.isWoken && isMeant(number, waiter) {
            if let continuation = waiter.continuation { woken.append(continuation) }
            state.waiters[order]?[number]?.continuation = nil
            state.waiters[order]?[number]?.isWoken = true
        }
        return woken
    }
}
