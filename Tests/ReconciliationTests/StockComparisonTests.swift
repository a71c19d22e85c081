import InventoryStore
import OrderRepository
import Testing
import Ticketing

@testable import Reconciliation

/// Readings in, differences out.
struct StockComparisonTests {
    private static let event = EventID.number(1)
    private static let ada = UserID.number(1)
    private static let max = UserID.number(2)

    /// 100 tickets, of which 30 are sold, 5 wait on the stream (3 of Ada's) and 4 of Max' are on their way back.
    private var redis = StockState(
        epoch: 7, available: 61, total: 100, returns: 3, backlog: 4, unacknowledged: 0, delivered: StreamEntryID("9-0"),
        inFlight: 5, held: [Self.ada: 5, Self.max: 4], inFlightOfBuyers: [Self.ada: 3], released: [], retaken: [])
    private var books = EventBooks(
        epoch: 7, total: 100, available: 70,
        releases: [StockRelease(event: event, order: .number(1), user: max, quantity: 4, epoch: 7)],
        overdue: [], hasMore: false, held: [Self.ada: 2, Self.max: 0])

    private func compare(
        before change: (inout StockState) -> Void = { _ in }
    ) -> StockComparison.Outcome {
        var before = redis
        change(&before)
        return StockComparison.of(.stock(before), books, .stock(redis))
    }

    private func comparison() throws -> StockComparison {
        guard case .compared(let comparison) = compare() else { throw NotCompared() }
        return comparison
    }

    private struct NotCompared: Error {}

    @Test("What is sold, on the stream and on its way back makes the difference between the two")
    func balance() throws {
        let comparison = try comparison()
        #expect(comparison.isBalanced)
        #expect(comparison.returning == 4)
    }

    @Test("A release that has reached Redis counts as back although the outbox has not noted it")
    mutating func releasedAndNotNoted() throws {
        redis.released = [.number(1)]
        redis.available += 4
        redis.held[Self.max] = 0
        #expect(try comparison().isBalanced)
        redis.available -= 4
        #expect(try comparison().surplus == -4)
    }

    @Test("Units that Redis took again for an overdue order count as taken before Postgres has confirmed it")
    mutating func retaken() throws {
        books.overdue = [StockRelease(event: Self.event, order: .number(2), user: Self.ada, quantity: 2, epoch: 7)]
        #expect(try comparison().isBalanced, "not taken yet")
        redis.retaken = [.number(2)]
        redis.available -= 2
        redis.held[Self.ada] = 7
        #expect(try comparison().isBalanced)
        books.overdue = []
        books.available -= 2
        books.held[Self.ada] = 4
        #expect(try comparison().isBalanced, "confirmed")
    }

    @Test("An organiser's change that only one side has moves total and available alike")
    mutating func amended() throws {
        books.total += 50
        books.available += 50
        #expect(try comparison().isBalanced)
        redis.total -= 20
        redis.available -= 20
        #expect(try comparison().isBalanced)
    }

    @Test("Units too many, units too few and counts that are wrong are told by how much")
    mutating func differences() throws {
        redis.available += 2
        #expect(try comparison().surplus == 2)
        redis.available -= 9
        #expect(try comparison().surplus == -7)
        redis.available += 7
        redis.held = [Self.ada: 4, Self.max: -1]
        #expect(try comparison().surplus == 0)
        #expect(
            try comparison().buyers == [Self.ada: -1, Self.max: -5], "one that cannot be read is none of the right ones"
        )
    }

    @Test("Whatever may have moved between the readings says that nothing can be said")
    mutating func hindrances() {
        #expect(compare { $0.returns -= 1 } == .hindered(.moved))
        #expect(compare { $0.delivered = StreamEntryID("8-0") } == .hindered(.moved))
        #expect(compare { $0.epoch -= 1 } == .hindered(.moved))
        #expect(compare { $0.unacknowledged = 1 } == .hindered(.unacknowledged))
        redis.unacknowledged = 2
        #expect(compare { $0.unacknowledged = 0 } == .hindered(.unacknowledged))
        redis.unacknowledged = 0
        books.hasMore = true
        #expect(compare() == .hindered(.outbox))
        books.hasMore = false
        books.epoch = 6
        #expect(compare() == .hindered(.newerLoad))
        books.epoch = 8
        #expect(compare() == .outdated)
    }

    @Test("Purchases between the readings are no difference: they are on the stream")
    func purchases() {
        #expect(
            compare {
                $0.available += 10; $0.inFlight = 0; $0.backlog = 0; $0.held = [:]
            } != .hindered(.moved))
    }

    @Test("Stock that is not there, is being loaded or cannot be read")
    func others() {
        let stock = StockReading.stock(redis)
        #expect(StockComparison.of(.absent, books, .absent) == .unloaded)
        #expect(StockComparison.of(.unreadable, books, .unreadable) == .unreadable)
        for other in [StockReading.absent, .unreadable] {
            #expect(StockComparison.of(other, books, stock) == .hindered(.moved))
            #expect(StockComparison.of(stock, books, other) == .hindered(.moved))
            #expect(StockComparison.of(.filling, books, other) == .hindered(.filling))
            #expect(StockComparison.of(other, books, .crowded(backlog: 9)) == .hindered(.crowded))
        }
    }
}
