import Synchronization
import Ticketing

/// Buyers whose counts may be wrong: found by a sweep that reads both servers one after the other, and handed to the lane,
/// which can prove it between its batches.
final class BuyerSuspicion: Sendable {
    private struct State {
        /// What the last sweep of each event found.
        var seen: [EventID: [UserID: Int]] = [:]
        var suspects: [EventID: [UserID]] = [:]
    }

    private let state = Mutex(State())

    /// Buyers of one event that are handed on at once, and that are remembered from sweep to sweep.
    private let handed: Int
    private static let remembered = 10_000

    init(handed: Int) { self.handed = handed }

    /// Takes in the differences of a sweep. A buyer whose count differs by the same in two sweeps is suspect; what a
    /// running sale moves looks different each time.
    func note(_ differences: [UserID: Int], of event: EventID) {
        state.withLock { state in
            let before = state.seen[event] ?? [:]
            let lasting = differences.filter { before[$0.key] == $0.value }.keys
            state.suspects[event] = lasting.sorted { $0.description < $1.description }.prefix(handed).map { $0 }
            state.seen[event] = differences.count <= Self.remembered ? differences : [:]
        }
    }

    func suspects(of event: EventID) -> [UserID] { state.withLock { $0.suspects[event] ?? [] } }

    /// They were looked at and are right.
    func clear(_ event: EventID) { state.withLock { $0.suspects[event] = nil } }
}
