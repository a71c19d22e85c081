import Foundation
import InventoryStore
import TestSupport
import Testing
import Ticketing

/// What the in-memory store does around the model: waiting, its clock, its news and the faults that tests ask for.
struct InMemoryStoreTests {
    private static let event = EventID.number(1)

    private static func store(terms: SaleTerms = .open()) async throws -> InMemoryInventoryStore {
        let store = InMemoryInventoryStore(partitioning: Partitioning(count: 1))
        #expect(try await store.load(.first(of: event, terms: terms)) == .loaded)
        return store
    }

    @Test("A waiting reader gets an entry when it comes")
    func waitingReader() async throws {
        let store = try await Self.store()
        try await store.withReader(of: .first, consumer: "lane") { reader in
            async let deliveries = reader.next(limit: 10, wait: .seconds(60))
            _ = try await store.reserve(.of(Self.event, order: 1))
            #expect(try await deliveries.map(\.intent?.order) == [.number(1)])
            async let unreadable = reader.next(limit: 10, wait: .seconds(60))
            try store.appendUnreadable(["order", "none"], to: .first)
            #expect(try await unreadable.map(\.intent) == [nil])
            #expect(try await reader.next(limit: 10, wait: .milliseconds(5)).isEmpty)
        }
    }

    @Test("A waiting reader ends with its task, and when the store fails")
    func endedReader() async throws {
        let store = try await Self.store()
        try await store.withReader(of: .first, consumer: "lane") { reader in
            let cancelled = Task { try await reader.next(limit: 10, wait: .seconds(60)) }
            cancelled.cancel()
            await #expect(throws: InventoryError.self) { try await cancelled.value }
            let failed = Task { try await reader.next(limit: 10, wait: .seconds(60)) }
            store.fail(with: InventoryError(.unavailable, "test"))
            await #expect(throws: InventoryError.self) { try await failed.value }
        }
        await #expect(throws: InventoryError.self) { try await store.ping() }
        await #expect(throws: InventoryError.self) { try await store.reserve(.of(Self.event, order: 1)) }
        store.fail(with: nil)
        #expect(try await store.reserve(.of(Self.event, order: 1)).isAccepted)
    }

    @Test("The sale opens and closes when the store's clock says so")
    func clock() async throws {
        let start: Int64 = 1_800_000_000_000
        let store = try await Self.store(
            terms: .open(state: .scheduled, opens: start + 60_000, closes: start + 120_000))
        let early = try await store.reserve(.of(Self.event, order: 1))
        #expect(early == .refused(.notOpen(opensIn: .seconds(60)), mayBeRecorded: false))
        store.advance(by: .seconds(60))
        #expect(try await store.reserve(.of(Self.event, order: 1)).isAccepted)
        store.setTime(start + 120_000)
        #expect(try await store.reserve(.of(Self.event, order: 2)) == .refused(.closed, mayBeRecorded: false))
        #expect(store.now == start + 120_000)
    }

    @Test("A final record is gone after a week, and a pending one is not")
    func expiry() async throws {
        let store = try await Self.store()
        _ = try await store.reserve(.of(Self.event, order: 1))
        _ = try await store.reserve(.of(Self.event, order: 2))
        try await store.publish(
            [SettledOrder(id: .number(1), status: .confirmed, reason: nil, tickets: [])], in: .first)
        store.advance(by: .seconds(7 * 86_400 - 1))
        #expect(try await store.order(.number(1))?.status == .confirmed)
        store.advance(by: .seconds(1))
        #expect(try await store.order(.number(1)) == nil)
        #expect(try await store.order(.number(2))?.status == .pending)
    }

    @Test("Those who watch finished orders hear a nil at first, each publication and rejection, and a nil on request")
    func finishedOrders() async throws {
        let store = try await Self.store()
        var news = store.finishedOrders().makeAsyncIterator()
        #expect(await news.next() == .some(nil))
        _ = try await store.reserve(.of(Self.event, order: 1))
        try await store.publish(
            [SettledOrder(id: .number(1), status: .paid, reason: nil, tickets: [])], in: .first)
        #expect(await news.next() == [.number(1)])
        _ = try await store.reserve(.of(Self.event, order: 2))
        try await store.withReader(of: .first, consumer: "lane") { reader in
            let deliveries = try await reader.next(limit: 2, wait: .zero)
            let last = try #require(deliveries.last)
            try await store.reject(
                Rejection(entry: last.entry, intent: last.intent, settled: nil, note: "no"))
        }
        #expect(await news.next() == [.number(2)])
        #expect(try store.deadEntries(of: .first).first?.suffix(2) == ["rejected", "no"])
        store.loseNews()
        #expect(await news.next() == .some(nil))
    }

    @Test("An emptied store knows nothing, and takes a new load")
    func emptied() async throws {
        let store = try await Self.store()
        #expect(try await store.mark(.first) == .current)
        _ = try await store.reserve(.of(Self.event, order: 1))
        store.empty()
        #expect(try await store.mark(.first) == .empty)
        #expect(try await store.order(.number(1)) == nil)
        #expect(try await store.reserve(.of(Self.event, order: 1)) == .refused(.cold, mayBeRecorded: true))
        #expect(try await store.load(.first(of: Self.event, epoch: 2)) == .loaded)
    }

    @Test("Stock that arrives when its pages were lost with the store's memory is not loaded (P35)")
    func lateStock() async throws {
        for pagesAreLate in [false, true] {
            let store = try await Self.store()
            let load = StockLoad.first(of: Self.event, epoch: 2)
            if !pagesAreLate { try store.fillBuyers(of: load) }
            store.empty()
            #expect(try await store.mark(.first) == .empty)
            // Negative control: pages on their way together with it would have it loaded.
            if pagesAreLate { try store.fillBuyers(of: load) }
            #expect(try store.loadStock(load, under: .first) == (pagesAreLate ? .loaded : .wait))
        }
    }
}
