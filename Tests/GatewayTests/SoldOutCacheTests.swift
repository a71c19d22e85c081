import InventoryStore
import Logging
import Observability
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct SoldOutCacheTests {
    /// A sold-out event with one buyer, and a cache whose clock stands still.
    private struct Fixture {
        let harness: GatewayHarness
        let clock = HandClock()
        let cache: SoldOutCache<InMemoryInventoryStore>
        let event: EventID
        // Both are given: of strangers that are drawn, the filter would take one in some hundred for the buyer.
        let buyer = UserID("5c0e4c8e-6a1f-4f0b-9d53-1e0a7b9c2d64")!
        let stranger = UserID("a3d9f217-84b6-4c3e-b1f8-7752e90d6c1b")!
        let order: OrderID

        init(limits: GatewayLimits = GatewayLimits()) async throws {
            harness = try await GatewayHarness { $0.limits = limits }
            event = try await harness.event { $0.totalTickets = 1 }
            order = try await harness.buy(event, by: buyer)
            cache = SoldOutCache(
                inventory: harness.inventory, limits: limits,
                logger: Logger(label: "sold-out.tests") { _ in SwiftLogNoOpLogHandler() }, now: { [clock] in clock.now }
            )
        }
    }

    @Test func aStrangerIsRefusedAndABuyerIsSentOn() async throws {
        let fixture = try await Fixture()
        #expect(!fixture.cache.refuses(UserID(), event: fixture.event))
        fixture.cache.report(fixture.event)
        #expect(!fixture.cache.refuses(UserID(), event: fixture.event))
        await fixture.cache.refresh()
        #expect(fixture.cache.refuses(fixture.stranger, event: fixture.event))
        #expect(!fixture.cache.refuses(fixture.buyer, event: fixture.event))
        #expect(!fixture.cache.refuses(UserID(), event: EventID()))
    }

    @Test func anAnswerIsNeverOlderThanAQuarterOfASecond() async throws {
        let fixture = try await Fixture()
        fixture.cache.report(fixture.event)
        await fixture.cache.refresh()
        fixture.clock.advance(by: .milliseconds(249))
        #expect(fixture.cache.refuses(fixture.stranger, event: fixture.event))
        fixture.clock.advance(by: .milliseconds(1))
        #expect(!fixture.cache.refuses(UserID(), event: fixture.event))
        await fixture.cache.refresh()
        #expect(fixture.cache.refuses(fixture.stranger, event: fixture.event))
    }

    @Test func stockThatComesBackEndsIt() async throws {
        let fixture = try await Fixture()
        fixture.cache.report(fixture.event)
        await fixture.cache.refresh()
        let release = StockRelease(
            event: fixture.event, order: fixture.order, user: fixture.buyer, quantity: 1, epoch: 1)
        #expect(try await fixture.harness.inventory.release(release) == .released)
        await fixture.cache.refresh()
        #expect(!fixture.cache.refuses(UserID(), event: fixture.event))
    }

    /// Units came back and went to somebody between two looks, so `available` is 0 again: only `returns` tells.
    @Test func stockThatCameBackAndWasSoldBetweenTwoLooksEndsItToo() async throws {
        let fixture = try await Fixture()
        fixture.cache.report(fixture.event)
        await fixture.cache.refresh()
        let release = StockRelease(
            event: fixture.event, order: fixture.order, user: fixture.buyer, quantity: 1, epoch: 1)
        #expect(try await fixture.harness.inventory.release(release) == .released)
        let second = UserID("17e6b2a4-c05d-49f3-8a6e-d4930f5b7c28")!
        _ = try await fixture.harness.buy(fixture.event, by: second)
        #expect(try await fixture.harness.available(fixture.event) == 0)
        await fixture.cache.refresh()
        #expect(!fixture.cache.refuses(second, event: fixture.event))
        // A new entry knows the second buyer.
        fixture.cache.report(fixture.event)
        await fixture.cache.refresh()
        #expect(!fixture.cache.refuses(second, event: fixture.event))
        #expect(fixture.cache.refuses(fixture.stranger, event: fixture.event))
    }

    @Test func withoutRedisItFallsSilent() async throws {
        let fixture = try await Fixture()
        fixture.cache.report(fixture.event)
        await fixture.cache.refresh()
        fixture.harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        fixture.clock.advance(by: .milliseconds(100))
        await fixture.cache.refresh()
        #expect(fixture.cache.refuses(fixture.stranger, event: fixture.event))
        fixture.clock.advance(by: .milliseconds(150))
        await fixture.cache.refresh()
        #expect(!fixture.cache.refuses(UserID(), event: fixture.event))
    }

    @Test func aPurchaseThatIsAcceptedEndsIt() async throws {
        let fixture = try await Fixture()
        fixture.cache.report(fixture.event)
        await fixture.cache.refresh()
        fixture.cache.stockReturned(fixture.event)
        #expect(!fixture.cache.refuses(UserID(), event: fixture.event))
    }

    @Test func onlySoManyEventsAndBuyersAreKept() async throws {
        var limits = GatewayLimits()
        limits.soldOutEvents = 0
        let noEvents = try await Fixture(limits: limits)
        noEvents.cache.report(noEvents.event)
        await noEvents.cache.refresh()
        #expect(!noEvents.cache.refuses(UserID(), event: noEvents.event))

        limits = GatewayLimits()
        limits.soldOutBuyers = 0
        let noBuyers = try await Fixture(limits: limits)
        noBuyers.cache.report(noBuyers.event)
        await noBuyers.cache.refresh()
        #expect(!noBuyers.cache.refuses(UserID(), event: noBuyers.event))
    }

    /// The whole way: sold out, told without Redis, units back, sold again (P18).
    @Test func aSoldOutEventIsRefusedWithoutRedisAndSoldAgainWhenUnitsComeBack() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event { $0.totalTickets = 1 }
        let buyer = UserID()
        let order = try await harness.buy(event, key: "mine", by: buyer)
        try await withRunning(harness.gateway.soldOut) {
            try await harness.purchase(event, token: harness.token()).expectProblem(.soldOut)
            while !harness.gateway.soldOut.refuses(UserID(), event: event) { await Task.yield() }

            harness.inventory.fail(with: InventoryError(.unavailable, "away"))
            try await harness.purchase(event, token: harness.token()).expectProblem(.soldOut)
            // Negative control: the buyer's own retry needs Redis, and asks it.
            try await harness.purchase(event, key: "mine", token: harness.token(buyer)).expectProblem(.overloaded)
            harness.inventory.fail(with: nil)
            let retry = try await harness.purchase(event, key: "mine", token: harness.token(buyer))
            #expect(retry.string("orderId") == order.description)

            _ = try await harness.inventory.release(
                StockRelease(event: event, order: order, user: buyer, quantity: 1, epoch: 1))
            let back = ContinuousClock.now
            // The test's time limit ends this loop if it is never sold again.
            while try await harness.purchase(event, token: harness.token()).status != 202 {}
            #expect(ContinuousClock.now - back < .seconds(1))
        }
        let metrics = String(decoding: harness.registry.render(), as: UTF8.self)
        #expect(metrics.contains("onsale_sold_out_cache_answers_total "))
        #expect(!metrics.contains("onsale_sold_out_cache_answers_total 0"))
    }

    @Test func aFilterNeverForgetsAMemberAndSeldomTakesAStranger() {
        let members = (0..<10_000).map { _ in UserID() }
        var filter = BloomFilter(expected: members.count)
        for member in members { filter.insert(member) }
        #expect(members.allSatisfy(filter.mayContain))
        let strangers = (0..<10_000).filter { _ in filter.mayContain(UserID()) }.count
        #expect(strangers < 200)
        // Negative control: an empty filter takes nobody, one that is too small nearly everybody.
        #expect(!BloomFilter(expected: 0).mayContain(UserID()))
        var small = BloomFilter(expected: 1)
        for member in members { small.insert(member) }
        #expect(small.mayContain(UserID()))
    }
}
