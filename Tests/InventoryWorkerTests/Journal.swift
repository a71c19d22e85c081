import Synchronization
import Ticketing

/// What a lane did to its stores, in order, and what a test wants to go wrong.
final class Journal: Sendable {
    enum Step: Hashable, Sendable {
        case committed([StreamEntryID])
        /// A commit or a settlement that found its lease lost.
        case fenced
        case settled([OrderID])
        case acknowledged([StreamEntryID])
        case published([OrderID])
        case rejected(StreamEntryID)
        case released(OrderID)
        case loaded(EventID)
        case amended(EventID)
    }

    /// Calls that can be made to fail or to wait.
    enum Call: Hashable, Sendable {
        case acquireLease, renew, commit, refuse, settle, events, acknowledge, publish, reject, release, load
        case confirmOverdue
    }

    /// Whether the call fails before it has taken effect, or its answer is lost afterwards.
    enum Moment: Hashable, Sendable { case before, after }

    private struct Fault: Hashable {
        let call: Call
        let moment: Moment
    }

    private struct State {
        var steps: [Step] = []
        var calls: [Call: Int] = [:]
        var faults: [Fault: Int] = [:]
        var isHeld: Set<Call> = []
        var waiting: [Call: [AsyncStream<Void>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    var steps: [Step] { state.withLock { $0.steps } }

    /// How often the call was made.
    func count(of call: Call) -> Int { state.withLock { $0.calls[call] ?? 0 } }

    func note(_ step: Step) { state.withLock { $0.steps.append(step) } }

    /// The next `times` calls fail.
    func fail(_ call: Call, _ moment: Moment, times: Int = 1) {
        state.withLock { $0.faults[Fault(call: call, moment: moment)] = times }
    }

    /// Whether all failures that were asked for have happened.
    var hasFailed: Bool { state.withLock { $0.faults.values.allSatisfy { $0 == 0 } } }

    /// From now on the call waits, before it takes effect, until `resume`.
    func hold(_ call: Call) { state.withLock { _ = $0.isHeld.insert(call) } }

    func resume(_ call: Call) {
        let waiting = state.withLock { state in
            state.isHeld.remove(call)
            return state.waiting.removeValue(forKey: call) ?? []
        }
        for continuation in waiting { continuation.finish() }
    }

    func isWaiting(_ call: Call) -> Bool { state.withLock { $0.waiting[call] != nil } }

    /// Made by the doubles before each call; returns whether it is to fail.
    func enter(_ call: Call) async -> Bool {
        let gate = state.withLock { state -> AsyncStream<Void>? in
            state.calls[call, default: 0] += 1
            guard state.isHeld.contains(call) else { return nil }
            let (gate, continuation) = AsyncStream<Void>.makeStream()
            state.waiting[call, default: []].append(continuation)
            return gate
        }
        if let gate { for await _ in gate {} }
        return takeFault(call, .before)
    }

    /// Made by the doubles after each call; returns whether its answer is to be lost.
    func leave(_ call: Call) -> Bool { takeFault(call, .after) }

    private func takeFault(_ call: Call, _ moment: Moment) -> Bool {
        state.withLock { state in
            let fault = Fault(call: call, moment: moment)
            guard let left = state.faults[fault], left > 0 else { return false }
            state.faults[fault] = left - 1
            return true
        }
    }
}
