package import InventoryStore
package import OrderRepository
package import Ticketing

/// Reads both sides of an event and compares them. It writes nothing and may run anywhere; beside a lane at work it
/// mostly finds a batch under way, while a lane that runs it between its own batches gets an answer also in mid-sale.
package struct StockComparer<Store: LaneStore, Repository: LaneRepository>: Sendable {
    package let store: Store
    package let repository: Repository

    /// Attempts when units moved between the readings, which lie a few milliseconds apart.
    private static var attempts: Int { 3 }

    package init(store: Store, repository: Repository) {
        self.store = store
        self.repository = repository
    }

    /// - Parameter buyers: Whose counts are compared too, at most `StockInquiry.mostBuyers`.
    /// - Returns: nil when there is no such event.
    package func compare(_ event: EventID, buyers: [UserID] = []) async throws -> StockComparison.Outcome? {
        var outcome = StockComparison.Outcome.hindered(.moved)
        for _ in 0..<StockComparer.attempts where outcome == .hindered(.moved) {
            let before = try await store.inspect(StockInquiry(event: event, entries: 0))
            guard
                let books = try await repository.books(
                    of: event, buyers: buyers, mostOrders: StockInquiry.mostOrders)
            else { return nil }
            let after = try await store.inspect(
                StockInquiry(
                    event: event, buyers: buyers, orders: (books.releases + books.overdue).map(\.order)))
            outcome = StockComparison.of(before, books, after)
        }
        return outcome
    }

    /// By how much each buyer's count is too high or too low, as far as two readings tell that lie far apart: what a sale
    /// moves in between differs as well, so `compare` must prove it.
    package func suspectBuyers(of event: EventID) async throws -> [UserID: Int] {
        let held = try await repository.heldUnits(of: event)
        let counted = try await store.heldUnits(of: event)
        var suspects: [UserID: Int] = [:]
        for (user, units) in held where counted[user] ?? 0 != units { suspects[user] = (counted[user] ?? 0) - units }
        for (user, units) in counted where units != 0 && held[user] == nil { suspects[user] = units }
        return suspects
    }

    /// Orders that ended longer ago than `age` and whose record says otherwise.
    package func lateRecords(
        of event: EventID, olderThan age: Duration, limit: Int
    ) async throws -> [SettledOrder] {
        let ended = try await repository.endedOrders(of: event, olderThan: age, limit: limit)
        let statuses = try await store.statuses(of: ended)
        let late = ended.filter { statuses[$0].map { !$0.isFinal } ?? false }
        var settled: [SettledOrder] = []
        for page in late.chunks(of: 500) { settled += try await repository.states(of: Array(page)) }
        return settled
    }
}
