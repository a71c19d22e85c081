import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// What a comparison with Postgres reads from Redis; that it agrees with the model, `RandomOperationTests` shows.
struct InspectionTests {
    private static let event = EventID.number(1)
    private static let users = [UserID.number(1), .number(2), .number(9)]

    /// Orders 1 and 2 of event 1 (2 and 1 units), of which the first was given to a lane; order 3 is of event 2.
    private static func sale(_ body: (Fixture) async throws -> Void) async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: event))
            _ = try await fixture.lane.load(.first(of: .number(2)))
            _ = try await fixture.inventory.reserve(.of(event, order: 1, user: 1, quantity: 2))
            _ = try await fixture.inventory.reserve(.of(event, order: 2, user: 2))
            _ = try await fixture.inventory.reserve(.of(.number(2), order: 3, user: 1))
            try await body(fixture)
        }
    }

    private static func stock(_ fixture: Fixture, _ inquiry: StockInquiry) async throws -> StockState {
        guard case .stock(let stock) = try await fixture.lane.inspect(inquiry) else { throw NoStock() }
        return stock
    }

    private struct NoStock: Error {}

    @Test("The stock, what is on the stream, who was given what, and which orders came back")
    func reading() async throws {
        try await Self.sale { fixture in
            let inquiry = StockInquiry(event: Self.event, buyers: Self.users, orders: [.number(1), .number(2)])
            var stock = try await Self.stock(fixture, inquiry)
            #expect(stock.delivered == StreamEntryID("0-0"), "there is no group yet")
            try await fixture.lane.withReader(of: .first, consumer: "a") { reader in
                let given = try await reader.next(limit: 1, wait: .zero)
                stock = try await Self.stock(fixture, inquiry)
                #expect(stock.delivered == given.first?.entry)
                #expect(stock.unacknowledged == 1)
                #expect(stock.backlog == 3)
                #expect(stock.inFlight == 3, "of this event, given or not")
                #expect(stock.available == 97)
                #expect(stock.total == 100)
                #expect(Self.users.map { stock.held[$0] } == [2, 1, 0])
                #expect(Self.users.map { stock.inFlightOfBuyers[$0] } == [2, 1, 0])
                #expect(stock.released == [])
                _ = try await fixture.lane.acknowledge(given.map(\.entry), in: .first, drainRate: 0)
            }
            let release = StockRelease(event: Self.event, order: .number(1), user: .number(1), quantity: 2, epoch: 1)
            #expect(try await fixture.lane.release(release) == .released)
            stock = try await Self.stock(fixture, inquiry)
            #expect(stock.returns == 1)
            #expect(stock.released == [.number(1)])
            #expect(stock.unacknowledged == 0)
            #expect(stock.inFlight == 1)
            let brief = try await Self.stock(fixture, StockInquiry(event: Self.event, entries: 0))
            #expect(brief.inFlight == 0)
            #expect(brief.backlog == 2)
        }
    }

    @Test("Stock that is absent, being filled or unreadable, and a stream that is too long, are told apart")
    func otherReadings() async throws {
        try await Self.sale { fixture in
            let key = InventoryKeys(.first).event(Self.event)
            #expect(try await fixture.lane.inspect(StockInquiry(event: .number(7))) == .absent)
            #expect(try await fixture.lane.inspect(StockInquiry(event: Self.event, entries: 2)) == .crowded(backlog: 3))
            for value in [nil, "", "abc", "1.5", "1e3", "007", "1000000000000000"] as [String?] {
                for field in ["available", "total", "returns"] {
                    if let value {
                        try await fixture.command("HSET", key, field, value)
                    } else {
                        try await fixture.command("HDEL", key, field)
                    }
                    #expect(
                        try await fixture.lane.inspect(StockInquiry(event: Self.event)) == .unreadable,
                        "\(field) is \(value ?? "missing")")
                    try await fixture.command("HSET", key, field, "5")
                }
            }
            try await fixture.command("HSET", key, "epoch", "x")
            #expect(try await fixture.lane.inspect(StockInquiry(event: Self.event)) == .unreadable)
            try await fixture.command("DEL", key)
            try await fixture.command("HSET", key, "filling", "3")
            #expect(try await fixture.lane.inspect(StockInquiry(event: Self.event)) == .filling)
        }
    }

    @Test("A buyer's count that cannot be read is told as -1, by itself and among all")
    func unreadableCount() async throws {
        try await Self.sale { fixture in
            let key = InventoryKeys(.first).buyers(Self.event)
            for value in ["x", "-3", "1.5"] {
                try await fixture.command("HSET", key, UserID.number(2).description, value)
                let stock = try await Self.stock(fixture, StockInquiry(event: Self.event, buyers: Self.users))
                #expect(stock.held[.number(2)] == -1, "\(value)")
            }
            try await fixture.command("HSET", key, UserID.number(2).description, "x")
            #expect(try await fixture.lane.heldUnits(of: Self.event) == [.number(1): 2, .number(2): -1])
        }
    }

    @Test("It reads also when memory is full, writes nothing, and refuses a call without its arguments")
    func writesNothing() async throws {
        try await Self.sale { fixture in
            let before = try await fixture.content()
            try await fixture.command("CONFIG", "SET", "maxmemory", "1")
            _ = try await Self.stock(fixture, StockInquiry(event: Self.event, buyers: Self.users))
            try await fixture.command("CONFIG", "SET", "maxmemory", "0")
            #expect(try await fixture.content() == before)
            let keys = InventoryKeys(.first)
            let call = InventoryScripts.inspect.command(
                keys: [.init(keys.event(Self.event)), .init(keys.buyers(Self.event)), .init(keys.intents)],
                arguments: [.init(Self.event.description), .init(InventoryConfiguration.group)])
            await #expect(throws: RedisClientError.self) { try await fixture.redis.send(call) }
        }
    }

    @Test("Statuses of many records, without those that are not there")
    func statuses() async throws {
        try await Self.sale { fixture in
            try await fixture.lane.publish(
                [SettledOrder(id: .number(2), status: .confirmed, reason: nil, tickets: [])], in: .first)
            let statuses = try await fixture.lane.statuses(of: (1...2_500).map(OrderID.number))
            #expect(statuses == [.number(1): .pending, .number(2): .confirmed, .number(3): .pending])
        }
    }
}
