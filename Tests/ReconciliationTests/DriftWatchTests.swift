import InventoryStore
import OrderRepository
import Testing
import Ticketing

@testable import Reconciliation

struct DriftWatchTests {
    private static let ada = UserID.number(1)

    /// A comparison that finds this.
    private static func outcome(_ surplus: Int, ada: Int = 0, inFlight: Int = 0) -> StockComparison.Outcome {
        let redis = StockState(
            epoch: 1, available: 50 + surplus - inFlight, total: 50, returns: 0, backlog: 0, unacknowledged: 0,
            delivered: StreamEntryID("0-0"), inFlight: inFlight, held: [Self.ada: 2 + ada], inFlightOfBuyers: [:],
            released: [], retaken: [])
        let books = EventBooks(
            epoch: 1, total: 50, available: 50, releases: [], overdue: [], hasMore: false, held: [Self.ada: 2])
        return StockComparison.of(.stock(redis), books, .stock(redis))
    }

    private static func verdicts(_ outcomes: StockComparison.Outcome...) -> [DriftWatch.Verdict] {
        var watch = DriftWatch()
        return outcomes.map { watch.note($0) }
    }

    @Test("A difference is proven by the second comparison that finds the same, and not by another one")
    func proof() {
        let two = DriftWatch.Finding(surplus: 2)
        #expect(Self.verdicts(Self.outcome(2), Self.outcome(2)) == [.suspected(two), .reload(two)])
        let three = DriftWatch.Finding(surplus: 3)
        #expect(Self.verdicts(Self.outcome(2), Self.outcome(3)) == [.suspected(two), .suspected(three)])
        #expect(Self.verdicts(Self.outcome(2), Self.outcome(0), Self.outcome(2)).last == .suspected(two))
        let buyers = DriftWatch.Finding(buyers: [Self.ada: 1])
        #expect(Self.verdicts(Self.outcome(0, ada: 1), Self.outcome(0, ada: 1)).last == .reload(buyers))
    }

    @Test("A comparison that could not be made neither proves nor disproves")
    func hindered() {
        let verdicts = Self.verdicts(Self.outcome(2), .hindered(.moved), Self.outcome(2))
        #expect(verdicts[1] == .hindered(.moved))
        #expect(verdicts[2] == .reload(.init(surplus: 2)))
    }

    @Test("Units that are only missing are left alone while others are being sold, and repaired afterwards")
    func missingInASale() {
        let finding = DriftWatch.Finding(surplus: -2)
        let selling = Self.outcome(-2, inFlight: 3)
        #expect(
            Self.verdicts(selling, selling, Self.outcome(-2)) == [
                .suspected(finding), .refused(finding, .onTheWay), .reload(finding),
            ])
    }

    @Test("What breaks a promise by each further sale is repaired in mid-sale")
    func urgent() {
        #expect(
            Self.verdicts(Self.outcome(1, inFlight: 3), Self.outcome(1, inFlight: 3)).last == .reload(.init(surplus: 1))
        )
        let low = Self.outcome(0, ada: -1, inFlight: 3)
        #expect(Self.verdicts(low, low).last == .reload(.init(buyers: [Self.ada: -1])))
        #expect(Self.verdicts(.outdated, .outdated).last == .reload(.init(isOutdated: true)))
        #expect(Self.verdicts(.unloaded, .unloaded).last == .reload(.init(isUnloaded: true)))
        #expect(Self.verdicts(.unreadable, .unreadable).last == .reload(.init(isUnreadable: true)))
    }

    @Test("After a repair there is none for a while, so that no error of ours keeps a sale closed")
    func pause() {
        var watch = DriftWatch()
        _ = watch.note(Self.outcome(2))
        #expect(watch.note(Self.outcome(2)) == .reload(.init(surplus: 2)))
        #expect(watch.note(Self.outcome(2)) == .suspected(.init(surplus: 2)))
        for _ in 2...DriftWatch.pause {
            #expect(watch.note(Self.outcome(2)) == .refused(.init(surplus: 2), .repairedLately))
        }
        #expect(watch.note(Self.outcome(2)) == .reload(.init(surplus: 2)))
    }

    @Test("A finding says how much there is of each kind")
    func amounts() {
        #expect(DriftWatch.Finding(surplus: 3, buyers: [Self.ada: -1]).amounts == [.surplus: 3, .buyers: 1])
        #expect(DriftWatch.Finding(surplus: -3).amounts == [.missing: 3])
        #expect(DriftWatch.Finding().amounts == [:])
    }
}
