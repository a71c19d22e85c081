import Synchronization

/// Lets at most `limit` pieces of work run at once and refuses more; nothing ever waits here.
final class ConcurrencyGate: Sendable {
    let limit: Int
    private let running = Atomic(0)

    init(limit: Int) { self.limit = limit }

    var count: Int { running.load(ordering: .relaxed) }

    /// Each `true` must be followed by one `leave`.
    func enter() -> Bool {
        guard running.add(1, ordering: .relaxed).newValue <= limit else {
            running.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func leave() { running.subtract(1, ordering: .relaxed) }

    /// Does `work`, or returns nil at once when `limit` others are at it.
    func run<Value, Failure: Error>(_ work: () async throws(Failure) -> Value) async throws(Failure) -> Value? {
        guard enter() else { return nil }
        defer { leave() }
        return try await work()
    }
}
