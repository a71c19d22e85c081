import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// Units that come back and stock that is loaded again, in orders that would count them twice or never.
struct StockReturnTests {
    private static let event = EventID.number(1)

    @Test("An order cancelled in Postgres returns its units once, also when Redis was emptied and has no record of it")
    func releaseWithoutRecord() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event, available: 98, epoch: 2, buyers: [(.number(1), 2)]))
            let release = StockRelease(event: Self.event, order: .number(1), user: .number(1), quantity: 2, epoch: 2)
            #expect(try await fixture.lane.release(release) == .released)
            #expect(try await fixture.lane.release(release) == .already)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 100)
            #expect(try await fixture.inventory.order(.number(1)) == nil)
            #expect(try await fixture.command("PTTL", "{p00}:order:\(OrderID.number(1))").integer ?? 0 > 0)
        }
    }

    @Test("An order accepted a second time returns its units by rejection, and those of the first time by release")
    func acceptedTwice() async throws {
        try await Fixture.run { fixture in
            // Postgres has order 1 with 2 units, cancelled later; Redis was emptied and loaded without them.
            _ = try await fixture.lane.load(.first(of: Self.event, available: 98, epoch: 2, buyers: [(.number(1), 2)]))
            let again = Reservation.of(Self.event, order: 1, quantity: 2, isUnrecorded: true)
            #expect(try await fixture.inventory.reserve(again).isAccepted)
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                let delivery = try #require(try await reader.next(limit: 1, wait: .zero).first)
                let known = SettledOrder(id: .number(1), status: .cancelled, reason: .paymentDeclined, tickets: [])
                let rejection = Rejection(entry: delivery.entry, intent: delivery.intent, settled: known, note: nil)
                try await fixture.lane.reject(rejection)
                try await fixture.lane.reject(rejection)
            }
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 98)
            let release = StockRelease(event: Self.event, order: .number(1), user: .number(1), quantity: 2, epoch: 2)
            #expect(try await fixture.lane.release(release) == .released)
            #expect(try await fixture.lane.release(release) == .already)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 100)
        }
    }

    @Test("A load that an older lane began earlier neither replaces nor spoils a newer one")
    func overtakenLoad() async throws {
        try await Fixture.run { fixture in
            let replies = [
                try await Self.fill(fixture, epoch: "2", isFirst: true, user: 1),
                try await Self.fill(fixture, epoch: "3", isFirst: true, user: 2),
                try await Self.fill(fixture, epoch: "2", isFirst: false, user: 3),
            ]
            #expect(replies == ["FILLED", "FILLED", "CURRENT"])
            #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 2)) == .current)
            // Nobody is admitted in between, and a buyer of the newer load is known after it.
            #expect(
                try await fixture.inventory.reserve(.of(Self.event, order: 1)) == .refused(.cold, mayBeRecorded: true))
            #expect(try await fixture.inventory.stock(of: Self.event) == nil)
            let load = StockLoad.first(of: Self.event, epoch: 3, buyers: [(.number(2), 4)])
            #expect(try await fixture.lane.load(load) == .loaded)
            #expect(
                try await fixture.inventory.reserve(.of(Self.event, order: 1, user: 2))
                    == .refused(.limitExceeded(limit: 4, held: 4), mayBeRecorded: true))
        }
    }

    @Test("An event loaded again waits for the intents from before, and for those of no other event")
    func loadBesideAnotherSale() async throws {
        try await Fixture.run { fixture in
            let other = EventID.number(2)
            _ = try await fixture.lane.load(.first(of: Self.event))
            _ = try await fixture.lane.load(.first(of: other))
            _ = try await fixture.inventory.reserve(.of(Self.event, order: 1))
            #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 2)) == .wait)
            #expect(
                try await fixture.inventory.reserve(.of(Self.event, order: 2)) == .refused(.cold, mayBeRecorded: true))
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                let first = try await reader.next(limit: 1, wait: .zero)
                // The other sale goes on, so the stream is never empty.
                #expect(try await fixture.inventory.reserve(.of(other, order: 3)).isAccepted)
                #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 3)) == .wait)
                try await fixture.lane.acknowledge(first.map(\.entry), in: .first, drainRate: 1)
            }
            #expect(try await fixture.inventory.reserve(.of(other, order: 4)).isAccepted)
            #expect(try await fixture.lane.load(.first(of: Self.event, available: 99, epoch: 4)) == .loaded)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 2)).isAccepted)
        }
    }

    @Test("A load one of whose pages of buyers was lost admits nobody")
    func lostPage() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.mark(.first)
            let load = StockLoad.first(of: Self.event, epoch: 2, buyers: [(.number(1), 4), (.number(2), 4)])
            #expect(try await Self.fill(fixture, epoch: "2", isFirst: true, user: 1) == "FILLED")
            let keys = InventoryKeys(.first)
            let alone = InventoryScripts.load.command(
                keys: [
                    .init(keys.event(Self.event)), .init(keys.intents), .init(keys.buyers(Self.event)),
                    .init(keys.progress),
                ],
                arguments: ["2", "1", "100"] + load.terms.arguments + ["1", "2", "1", "60000"])
            #expect(try await fixture.redis.send(alone).array?.first?.string == "WAIT")
            #expect(try await Self.fill(fixture, epoch: "2", isFirst: false, user: 2) == "FILLED")
            #expect(try await fixture.redis.send(alone).array?.first?.string == "LOADED")
        }
    }

    @Test("A lane that stood still while another one took over neither loads nor rejects (I12)")
    func fenced() async throws {
        try await Fixture.run { fixture in
            let next = Lease(partition: .first, epoch: 2)
            _ = try await fixture.lane.load(.first(of: Self.event))
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 1)).isAccepted)
            let delivery = try await fixture.lane.withReader(of: .first, consumer: "a") { reader in
                try #require(try await reader.next(limit: 1, wait: .zero).first)
            }
            #expect(try await fixture.lane.mark(next) == .marked)
            let before = try await fixture.content()
            let rejection = Rejection(entry: delivery.entry, intent: delivery.intent, settled: nil, note: "no")
            #expect(try await fixture.lane.reject(rejection, under: .first) == .fenced)
            #expect(try await fixture.lane.mark(.first) == .fenced)
            #expect(try await fixture.content() == before)
            // Its pages stop the admission, as those of any load do, and the load of the other lane goes on from there.
            #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 2), under: .first) == .fenced)
            #expect(try await fixture.inventory.stock(of: Self.event) == nil)
            #expect(try await fixture.lane.reject(rejection, under: next) == .rejected)
            #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 3), under: next) == .loaded)
        }
    }

    @Test("A known buyer's order is asked for in Postgres once its record may be gone, and only then (I7, P33)")
    func asksForForgottenOrders() async throws {
        try await Fixture.run { fixture in
            // No order was there before the load: what Redis has no record of is new.
            _ = try await fixture.lane.load(.first(of: Self.event))
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 1)).isAccepted)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 2)).isAccepted)
            // A week later.
            try await fixture.command("HSET", InventoryKeys(.first).event(Self.event), "remembers", "1")
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 3)) == .ask)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 4, user: 2)).isAccepted)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 3, isUnrecorded: true)).isAccepted)
            #expect(
                try await fixture.inventory.reserve(.of(Self.event, order: 5, quantity: 4))
                    == .refused(.limitExceeded(limit: 4, held: 3), mayBeRecorded: true))
            // Loaded beside orders of before.
            let load = StockLoad.first(of: .number(2), buyers: [(.number(1), 1)])
            #expect(try await fixture.lane.load(load) == .loaded)
            #expect(try await fixture.inventory.reserve(.of(.number(2), order: 6)) == .ask)
        }
    }

    @Test("An intent that is put back before its event is loaded is in the figure of the load, and counted once")
    func recoveredBeforeLoad() async throws {
        try await Fixture.run { fixture in
            let intent = Intent(
                order: .number(1), user: .number(1), event: Self.event, quantity: 2,
                total: try #require(Money(amount: 9_000, currency: .eur)), paymentMethod: .standard)
            let late = Intent(
                order: .number(2), user: .number(2), event: Self.event, quantity: 1,
                total: try #require(Money(amount: 4_500, currency: .eur)), paymentMethod: .standard)
            #expect(try await fixture.inventory.recover(intent) == .recovered(sequence: 1))
            #expect(try await fixture.inventory.recover(intent) == .known)
            #expect(try await Self.fill(fixture, epoch: "2", isFirst: true, user: 9) == "FILLED")
            #expect(try await fixture.inventory.recover(late) == .recovered(sequence: 2))
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                let entries = try await reader.next(limit: 5, wait: .zero)
                #expect(entries.map(\.intent) == [intent, late])
                try await fixture.lane.acknowledge([entries[0].entry], in: .first, drainRate: 1)
                #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 3)) == .wait, "one is on its way")
                try await fixture.lane.acknowledge([entries[1].entry], in: .first, drainRate: 1)
            }
            let load = StockLoad.first(
                of: Self.event, available: 97, epoch: 4, buyers: [(.number(1), 2), (.number(2), 1)])
            #expect(try await fixture.lane.load(load) == .loaded)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 97)
        }
    }

    @Test("An intent that is put back into a sale that has gone on takes its units, within stock and limit")
    func recoveredAfterLoad() async throws {
        try await Fixture.run { fixture in
            func intent(_ order: Int, user: Int, _ quantity: Int) throws -> Intent {
                Intent(
                    order: .number(order), user: .number(user), event: Self.event, quantity: quantity,
                    total: try #require(Money(amount: 4_500 * Int64(quantity), currency: .eur)),
                    paymentMethod: .standard)
            }
            let terms = SaleTerms.open(total: 5, state: .closed)
            _ = try await fixture.lane.load(.first(of: Self.event, available: 5, terms: terms))
            #expect(try await fixture.inventory.recover(intent(1, user: 1, 3)) == .recovered(sequence: 1))
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 2)
            #expect(try await fixture.inventory.recover(intent(2, user: 1, 2)) == .limitExceeded(limit: 4, held: 3))
            #expect(try await fixture.inventory.recover(intent(3, user: 2, 3)) == .soldOut(available: 2))
            // Its key, sent again, is answered by Postgres.
            let again = try await fixture.inventory.reserve(.of(Self.event, order: 3, user: 2, quantity: 3))
            #expect(again == .refused(.closed, mayBeRecorded: true))
            #expect(try await fixture.lane.backlog(of: .first) == 1)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 2)
        }
    }

    @Test("Those who wait for orders are told when Redis has lost its memory, and not when a lane takes over")
    func lossIsNews() async throws {
        try await Fixture.run { fixture in
            var news = fixture.inventory.finishedOrders().makeAsyncIterator()
            #expect(await news.next() == .some(nil))
            #expect(try await fixture.lane.mark(.first) == .empty)
            #expect(await news.next() == .some(nil))
            #expect(try await fixture.lane.mark(Lease(partition: .first, epoch: 2)) == .marked)
            _ = try await fixture.lane.load(.first(of: Self.event), under: Lease(partition: .first, epoch: 2))
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 1)).isAccepted)
            let settled = SettledOrder(id: .number(1), status: .confirmed, reason: nil, tickets: [])
            try await fixture.inventory.publish([settled], in: .first)
            #expect(await news.next() == [.number(1)])
        }
    }

    @Test(
        "What a Redis knew before a restart is not sold by: stock is thrown away, and loaded anew after the grace (P35)"
    )
    func restart() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            #expect(try await fixture.lane.amend(Self.event, .open(revision: 2), grace: .seconds(60)) == .amended)
            try await fixture.server.restart()
            #expect(try await fixture.lane.mark(.first) == .restarted)
            #expect(try await fixture.lane.mark(.first) == .current)
            #expect(try await fixture.lane.amend(Self.event, .open(revision: 3), grace: .seconds(60)) == .quiet)
            let refused = try await fixture.inventory.reserve(.of(Self.event, order: 1))
            #expect(refused == .refused(.cold, mayBeRecorded: true))
            // A lane that comes now goes by the same time, which Redis keeps.
            let next = Lease(partition: .first, epoch: 2)
            #expect(try await fixture.lane.mark(next) == .marked)
            #expect(try await fixture.lane.amend(Self.event, .open(revision: 3), grace: .seconds(60)) == .quiet)
            #expect(try await fixture.lane.amend(Self.event, .open(revision: 3), grace: .zero) == .cold)
            #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 2), under: next) == .loaded)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 1)).isAccepted)
        }
    }

    @Test("Stock that an earlier version has loaded is loaded anew")
    func stockOfAnEarlierVersion() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            try await fixture.command("HDEL", InventoryKeys(.first).event(Self.event), "remembers")
            #expect(
                try await fixture.inventory.reserve(.of(Self.event, order: 1)) == .refused(.cold, mayBeRecorded: true))
            #expect(try await fixture.lane.amend(Self.event, .open(revision: 9), grace: .zero) == .cold)
            #expect(try await fixture.lane.load(.first(of: Self.event, epoch: 2)) == .loaded)
            #expect(try await fixture.inventory.reserve(.of(Self.event, order: 1)).isAccepted)
        }
    }

    /// One page with one buyer of 4 units.
    private static func fill(_ fixture: Fixture, epoch: String, isFirst: Bool, user: Int) async throws -> String? {
        let keys = InventoryKeys(.first)
        let reply = try await fixture.redis.send(
            InventoryScripts.fill.command(
                keys: [.init(keys.event(event)), .init(keys.buyers(event)), .init(keys.intents)],
                arguments: [.init(epoch), isFirst ? "1" : "0", .init(UserID.number(user).description), "4"]))
        return reply.array?.first?.string
    }
}
