import DequeModule
import Synchronization

/// Lets so many calls run at once; others wait in line, first come, first served, for as long as each of them will.
final class CallSlots: Sendable {
    private typealias Waiter = CheckedContinuation<Bool, Never>

    /// One who stands in line; gone once served or out of patience.
    private enum Place {
        /// Not suspended yet.
        case announced
        case waiting(Waiter)
        /// A slot came before the suspension.
        case served
    }

    private struct State {
        var free: Int
        var places: [Int: Place] = [:]
        /// Those in line, and some who have left it.
        var line: Deque<Int> = []
        var lastNumber = 0
    }

    private let state: Mutex<State>

    init(count: Int) { self.state = Mutex(State(free: count)) }

    /// Runs `body` in a slot.
    /// - Throws: an unasked error when none came free within `patience`, or the task was cancelled while it waited.
    func run<Value>(
        patience: Duration, _ body: () async throws(PaymentError) -> Value
    ) async throws(PaymentError) -> Value {
        if let number = enter() {
            guard await wait(number, patience) else {
                throw PaymentError("too many calls wait for the provider", isUnasked: true)
            }
        }
        defer { leave() }
        return try await body()
    }

    /// Takes a free slot, or returns a place in line.
    private func enter() -> Int? {
        state.withLock { state in
            guard state.free == 0 else {
                state.free -= 1
                return nil
            }
            state.lastNumber += 1
            state.places[state.lastNumber] = .announced
            state.line.append(state.lastNumber)
            return state.lastNumber
        }
    }

    /// Whether a slot came in time.
    private func wait(_ number: Int, _ patience: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Ends early when the caller is cancelled; or when a slot has come, and then nobody is left to give up.
                try? await Task.sleep(for: patience)
                self.giveUp(number)
            }
            defer { group.cancelAll() }
            return await withCheckedContinuation { (waiter: Waiter) in
                let isServed = state.withLock { state -> Bool? in
                    switch state.places[number] {
                    case .announced, .waiting:
                        state.places[number] = .waiting(waiter)
                        return nil
                    case .served:
                        state.places[number] = nil
                        return true
                    case nil: return false
                    }
                }
                if let isServed { waiter.resume(returning: isServed) }
            }
        }
    }

    private func giveUp(_ number: Int) {
        let waiter = state.withLock { state -> Waiter? in
            if case .served = state.places[number] { return nil }
            guard case .waiting(let waiter) = state.places.removeValue(forKey: number) else { return nil }
            return waiter
        }
        waiter?.resume(returning: false)
    }

    /// Hands the slot to the next in line.
    private func leave() {
        let waiter = state.withLock { state -> Waiter? in
            while let number = state.line.popFirst() {
                switch state.places[number] {
                case .announced:
                    state.places[number] = .served
                    return nil
                case .waiting(let waiter):
                    state.places[number] = nil
                    return waiter
                case .served, nil: continue
                }
            }
            state.free += 1
            return nil
        }
        waiter?.resume(returning: true)
    }
}
