import Foundation
import PostgresClient
import Synchronization
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct LoadTests {
    @Test func aLoadHasTheStockTheTermsAndWhatEachBuyerHolds() async throws {
        try await withDatabase { database async throws in
            var details = EventDetails.sample(capacity: 100, limit: 7)
            details.saleOpensAt = Date(timeIntervalSince1970: 1_800_000_000.250)
            details.saleState = .open
            let event = try await database.repository.createEvent(details)
            let lease = try await database.lease(for: event.id)
            let users = try database.makeUsers(3)
            let batch = [
                QueuedIntent.sample(event.id, users[0], quantity: 2), .sample(event.id, users[0], quantity: 3),
                .sample(event.id, users[1], quantity: 4), .sample(event.id, users[2], quantity: 5),
            ]
            try await database.commitNew(batch, under: lease)
            _ = try await database.lanes.settle([.confirmed(batch[1]), .declined(batch[3])], under: lease)
            let load = try #require(try await database.lanes.beginLoad(of: event.id, under: lease))
            #expect(load.event == event.id)
            #expect(load.epoch == 1)
            #expect(load.available == 91)
            #expect(
                load.terms
                    == SaleTerms(
                        revision: 1, total: 100, limit: 7, opens: 1_800_000_000_250, closes: nil, state: .open,
                        price: Money(amount: 4_550, currency: .eur)!))
            #expect(Dictionary(uniqueKeysWithValues: load.buyers) == [users[0]: 5, users[1]: 4, users[2]: 0])
            #expect(try await database.lanes.beginLoad(of: event.id, under: lease)?.epoch == 2)
            #expect(try await database.lanes.beginLoad(of: EventID(), under: lease) == nil)
        }
    }

    @Test func eventsOfAPartitionAreToldApartByWhenTheyChanged() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let first = try await database.makeEvent(10, in: Partition(1))
            let second = try await database.makeEvent(20, in: Partition(1))
            _ = try await database.makeEvent(30, in: Partition(2))
            let all = try await database.lanes.events(in: Partition(1), changedSince: nil)
            #expect(all.map(\.event) == [first.id, second.id])
            #expect(all.map(\.terms.total) == [10, 20])
            #expect(all.map(\.epoch) == [0, 0])
            let latest = try #require(all.last)
            // At or after: a change at the very same time is not missed.
            #expect(try await database.lanes.events(in: Partition(1), changedSince: latest.updatedAt) == [latest])
            _ = try await database.repository.updateEvent(first.id, by: admin.id) { $0.totalTickets = 11 }
            let changed = try await database.lanes.events(
                in: Partition(1), changedSince: latest.updatedAt.addingTimeInterval(0.000_001))
            #expect(changed.map(\.event) == [first.id])
            #expect(changed.map(\.terms.revision) == [2])
            #expect(changed.map(\.terms.total) == [11])
        }
    }

    @Test func aLoadAbsorbsTheReleasesThatWaitSinceItsFigureHasThem() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10, in: Partition(1))
            let other = try await database.makeEvent(10, in: Partition(1))
            let lease = try await database.lease(for: event.id)
            let batch = [QueuedIntent.sample(event.id, user.id, quantity: 4), .sample(other.id, user.id, quantity: 2)]
            try await database.commitNew(batch, under: lease)
            _ = try await database.lanes.settle(batch.map { .declined($0) }, under: lease)
            #expect(try await database.lanes.waitingReleases(in: lease.partition, limit: 10).count == 2)
            #expect(try await database.lanes.beginLoad(of: event.id, under: lease)?.available == 10)
            let left = try await database.lanes.waitingReleases(in: lease.partition, limit: 10)
            #expect(left.map(\.release.event) == [other.id], "another event's releases wait on")
        }
    }

    /// I2 and I13 between Postgres and Redis: a lane loads and delivers while settlements return units.
    @Test func noUnitIsLostOrDoubledBetweenLoadsAndReleases() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(1_000)
            let lease = try await database.lease(for: event.id)
            let batch = QueuedIntent.samples(300, event.id, user.id, quantity: 2)
            try await database.commitNew(batch, under: lease)
            let isSettling = Atomic(true)
            let settling = Task {
                defer { isSettling.store(false, ordering: .releasing) }
                for queued in batch {
                    let outcome: Settlement = Bool.random() ? .declined(queued) : .confirmed(queued)
                    _ = try await database.lanes.settle([outcome], under: lease)
                }
            }
            var stock = StockModel()
            while isSettling.load(ordering: .acquiring) {
                stock.apply(try #require(try await database.lanes.beginLoad(of: event.id, under: lease)))
                // Some releases are delivered after another load has begun: that one has absorbed them.
                let waiting = try await database.lanes.waitingReleases(in: lease.partition, limit: .random(in: 1...5))
                if Bool.random() {
                    stock.apply(try #require(try await database.lanes.beginLoad(of: event.id, under: lease)))
                }
                waiting.forEach { stock.apply($0.release) }
                try await database.lanes.markDelivered(waiting)
            }
            try await settling.value
            let rest = try await database.lanes.waitingReleases(in: lease.partition, limit: 1_000)
            rest.forEach { stock.apply($0.release) }
            let ledger = try #require(try await database.repository.ledger(of: event.id))
            #expect(ledger.isBalanced)
            #expect(ledger.pending == 0)
            #expect(stock.available == ledger.available)
        }
    }

    /// Negative control of the two tests above: a load that does not absorb counts units twice.
    @Test func aLoadThatAbsorbedNothingWouldDoubleTheUnits() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 4)
            try await database.commitNew([queued], under: lease)
            _ = try await database.lanes.settle([.declined(queued)], under: lease)
            let row = try #require(try await database.postgres.query(RaiseStockEpoch.query(event.id, lease)).rows.first)
            let (epoch, available, terms) = try RaiseStockEpoch.decode(row)
            var stock = StockModel()
            stock.apply(StockLoad(event: event.id, epoch: epoch, available: available, terms: terms, buyers: []))
            for waiting in try await database.lanes.waitingReleases(in: lease.partition, limit: 10) {
                stock.apply(waiting.release)
            }
            #expect(stock.available == 14, "four more than there are")
        }
    }

    @Test func aLoadWaitsForASettlementThatReturnsUnitsAndThenHasThem() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 4)
            try await database.commitNew([queued], under: lease)
            let load = try await database.postgres.withTransaction { connection in
                try await connection.query(SettleOrders.query([.declined(queued)], lease))
                let load = Task { try await database.lanes.beginLoad(of: event.id, under: lease) }
                try await eventually("the load waits for the event's row") {
                    try database.sql(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                        """) != "0"
                }
                return load
            }
            #expect(try await load.value?.available == 10)
            #expect(try await database.lanes.waitingReleases(in: lease.partition, limit: 10) == [])
        }
    }
}

/// Redis' side, by the rules of its scripts: a load replaces the figure, a release of the same load adds to it.
private struct StockModel {
    private(set) var available = 0
    private var epoch: Int64 = -1
    private var released: Set<OrderID> = []

    mutating func apply(_ load: StockLoad) {
        (epoch, available) = (load.epoch, load.available)
    }

    mutating func apply(_ release: StockRelease) {
        guard release.epoch == epoch, released.insert(release.order).inserted else { return }
        available += release.quantity
    }
}
