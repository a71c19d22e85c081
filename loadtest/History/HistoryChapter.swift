import Foundation

/// What one event loop, or one agent, did: chapters put together are a history.
struct HistoryChapter: Equatable, Sendable {
    var visits: [Visit] = []
    /// Idempotency keys of the visits that buy, by their numbers.
    var keys: [Int: UUID] = [:]
    var operations: [Operation] = []
    var dropped = 0

    mutating func append(_ other: HistoryChapter) {
        visits += other.visits
        keys.merge(other.keys) { own, _ in own }
        operations += other.operations
        dropped += other.dropped
    }

    /// The same as seen by a clock that shows `offset` nanoseconds more.
    func shifted(by offset: Instant) -> HistoryChapter {
        guard offset != 0 else { return self }
        var shifted = self
        shifted.visits = visits.map { visit in
            Visit(
                number: visit.number, wave: visit.wave, journey: visit.journey, buyer: visit.buyer,
                quantity: visit.quantity, paymentMethod: visit.paymentMethod,
                intendedAt: visit.intendedAt + offset)
        }
        shifted.operations = operations.map { $0.shifted(by: offset) }
        return shifted
    }
}
