import Foundation
import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// The live stores' own work around the scripts: news, large calls and large numbers.
struct StoreTests {
    private static let event = EventID.number(1)

    @Test("Those who watch finished orders hear a nil at first, each publication, and a nil after the connection broke")
    func finishedOrders() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            _ = try await fixture.inventory.reserve(.of(Self.event, order: 1))
            var news = fixture.inventory.finishedOrders().makeAsyncIterator()
            #expect(await news.next() == .some(nil))
            let settled = (1...300).map {
                SettledOrder(id: .number($0), status: .confirmed, reason: nil, tickets: [])
            }
            try await fixture.lane.publish(settled, in: .first)
            var heard: [OrderID] = []
            while heard.count < 300, let orders = await news.next() { heard += orders ?? [] }
            #expect(heard == settled.map(\.id))

            try await fixture.command("CLIENT", "KILL", "TYPE", "pubsub")
            #expect(await news.next() == .some(nil))
            try await fixture.lane.publish(Array(settled.prefix(1)), in: .first)
            #expect(await news.next() == [.number(1)])
        }
    }

    @Test("A rejected order is news as well, and an entry that nobody can read is not")
    func rejectionIsNews() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            _ = try await fixture.inventory.reserve(.of(Self.event, order: 1))
            try await fixture.command("XADD", "{p00}:intents", "*", "order", "none")
            var news = fixture.inventory.finishedOrders().makeAsyncIterator()
            #expect(await news.next() == .some(nil))
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                let deliveries = try await reader.next(limit: 2, wait: .zero)
                #expect(deliveries.map(\.intent?.order) == [.number(1), nil])
                for delivery in deliveries.reversed() {
                    try await fixture.lane.reject(
                        Rejection(entry: delivery.entry, intent: delivery.intent, settled: nil, note: "test"))
                }
            }
            #expect(await news.next() == [.number(1)])
            #expect(try await fixture.inventory.order(.number(1))?.status == .cancelled)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 100)
            #expect(try await fixture.lane.backlog(of: .first) == 0)
            #expect(try await fixture.command("XLEN", "{p00}:dead").integer == 2)
        }
    }

    @Test("Calls of a thousand entries, settled orders and buyers go through")
    func largeCalls() async throws {
        try await Fixture.run { fixture in
            let buyers = (1...2_500).map { (user: UserID.number($0), units: 1) }
            let terms = SaleTerms.open(total: 100_000)
            _ = try await fixture.lane.load(.first(of: Self.event, available: 100_000, terms: terms, buyers: buyers))
            var pages: [Int] = []
            var users: Set<UserID> = []
            try await fixture.inventory.buyers(of: Self.event) {
                pages.append($0.count)
                users.formUnion($0)
            }
            #expect(users == Set(buyers.map(\.user)))
            #expect(pages.count > 1)

            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...2_500 {
                    group.addTask {
                        _ = try await fixture.inventory.reserve(
                            .of(Self.event, order: number, user: number, isUnrecorded: true))
                    }
                }
                try await group.waitForAll()
            }
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                let deliveries = try await reader.next(limit: 2_500, wait: .zero)
                try await fixture.lane.publish(
                    deliveries.compactMap { delivery in
                        delivery.intent.map {
                            SettledOrder(id: $0.order, status: .confirmed, reason: nil, tickets: Self.tickets)
                        }
                    }, in: .first)
                // One call with 1,000 ids and one with what is left.
                #expect(try await fixture.lane.acknowledge(deliveries.map(\.entry), in: .first, drainRate: 1) == 2_500)
            }
            #expect(try await fixture.inventory.order(.number(2_500))?.tickets == Self.tickets)
            #expect(try await fixture.lane.backlog(of: .first) == 0)
        }
    }

    private static let tickets: [TicketCode] = {
        var random = SeededGenerator(seed: 5)
        return (0..<100).map { _ in TicketCode(using: &random) }
    }()

    @Test("The largest numbers that the types allow stay whole numbers, digit by digit")
    func largeNumbers() async throws {
        try await Fixture.run { fixture in
            let terms = SaleTerms.open(
                total: 1_000_000_000, limit: 1_000_000, price: 9_999_999_999, revision: 999_999_999_999_998,
                state: .scheduled, opens: 1, closes: 253_402_300_799_999)
            _ = try await fixture.lane.load(
                .first(of: Self.event, available: 1_000_000_000, terms: terms, epoch: 999_999_999_999_998))
            try await fixture.command(
                "HSET", "{p00}:progress", "accepted", "99999999999999", "committed", "99999999999990")
            let outcome = try await fixture.inventory.reserve(.of(Self.event, order: 1, quantity: 100))
            let price = try #require(Money(amount: 9_999_999_999, currency: .eur))
            #expect(
                outcome == .accepted(sequence: 100_000_000_000_000, committed: 99_999_999_999_990, unitPrice: price))
            let record = try #require(try await fixture.inventory.order(.number(1)))
            #expect(record.total.amount == 999_999_999_900)
            #expect(record.sequence == 100_000_000_000_000)
            let image = try await StateImage.live(fixture)
            #expect(image.lines["order:\(OrderID.number(1)) sequence"] == "100000000000000")
            #expect(image.lines["order:\(OrderID.number(1)) created"]?.count == 13)
            #expect(image.lines.values.allSatisfy { !$0.contains("e+") })

            let cut = SaleTerms.open(
                total: 0, limit: 1, price: 1, revision: 999_999_999_999_999, opens: nil, closes: nil)
            #expect(try await fixture.lane.amend(Self.event, cut, grace: .zero) == .amended)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == -100)
            let release = StockRelease(
                event: Self.event, order: .number(1), user: .number(1), quantity: 100, epoch: 999_999_999_999_998)
            #expect(try await fixture.lane.release(release) == .released)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 0)
        }
    }

    @Test("An order whose total would be more than an order can hold is an error, and nothing is taken")
    func totalTooLarge() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event, terms: .open(price: Money.maximum)))
            await #expect(throws: InventoryError.self) {
                try await fixture.inventory.reserve(.of(Self.event, order: 1, quantity: 2))
            }
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 100)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 1, quantity: 1)).isAccepted)
        }
    }

    @Test("Settings of Redis under which an accepted order can be lost are named")
    func riskySettings() async throws {
        try await Fixture.run { fixture in
            #expect(try await fixture.inventory.settingsThatRiskOrders().isEmpty)
            try await fixture.command("CONFIG", "SET", "appendfsync", "everysec")
            #expect(
                try await fixture.inventory.settingsThatRiskOrders() == ["Redis has appendfsync everysec, not always"])
        }
    }
}
