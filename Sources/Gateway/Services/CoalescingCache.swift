import Synchronization

/// Keeps what `load` gave for a short time, and lets everybody who asks for one key at once share one load.
///
/// Failures are shared by those who wait for them and not kept. At `capacity` entries the expired ones go, and when
/// there is none, all: every entry can be loaded again, so that costs time only.
final class CoalescingCache<Key: Hashable & Sendable, Value: Sendable, Failure: Error>: Sendable {
    private enum Entry {
        case loaded(Value, expires: ContinuousClock.Instant)
        case loading(Task<Result<Value, Failure>, Never>, number: Int)
    }

    private enum Step {
        case done(Value)
        case wait(Task<Result<Value, Failure>, Never>)
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var loads = 0
    }

    private let lifetime: Duration
    private let capacity: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let load: @Sendable (Key) async -> Result<Value, Failure>
    private let state = Mutex(State())

    /// - Parameter now: Tests put a clock of their own here.
    init(
        lifetime: Duration, capacity: Int, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        load: @escaping @Sendable (Key) async -> Result<Value, Failure>
    ) {
        self.lifetime = lifetime
        self.capacity = capacity
        self.now = now
        self.load = load
    }

    /// The kept value, the value that somebody is loading, or a newly loaded one.
    func value(for key: Key) async throws(Failure) -> Value {
        let now = now()
        let step: Step = state.withLock { state in
            switch state.entries[key] {
            case .loaded(let value, let expires) where now < expires: return .done(value)
            case .loading(let task, _): return .wait(task)
            default:
                makeRoom(in: &state, now: now)
                state.loads += 1
                let number = state.loads
                // A task of its own, so that the load outlives a caller that is cancelled while others wait for it.
                let task = Task { await self.finish(key, number: number) }
                state.entries[key] = .loading(task, number: number)
                return .wait(task)
            }
        }
        switch step {
        case .done(let value): return value
        case .wait(let task): return try await task.value.get()
        }
    }

    /// The kept value, if there is one that is not too old.
    func kept(for key: Key) -> Value? {
        let now = now()
        return state.withLock { state in
            guard case .loaded(let value, let expires) = state.entries[key], now < expires else { return nil }
            return value
        }
    }

    /// Forgets a value, and the outcome of a load that is under way, because it has changed.
    func forget(_ key: Key) {
        state.withLock { _ = $0.entries.removeValue(forKey: key) }
    }

    func forgetAll() {
        state.withLock { $0.entries.removeAll() }
    }

    private func finish(_ key: Key, number: Int) async -> Result<Value, Failure> {
        let result = await load(key)
        let expires = now().advanced(by: lifetime)
        state.withLock { state in
            guard case .loading(_, number) = state.entries[key] else { return }
            switch result {
            case .success(let value): state.entries[key] = .loaded(value, expires: expires)
            case .failure: state.entries[key] = nil
            }
        }
        return result
    }

    private func makeRoom(in state: inout State, now: ContinuousClock.Instant) {
        guard state.entries.count >= capacity else { return }
        state.entries = state.entries.filter { _, entry in
            if case .loaded(_, let expires) = entry { now < expires } else { true }
        }
        if state.entries.count >= capacity { state.entries.removeAll() }
    }
}
