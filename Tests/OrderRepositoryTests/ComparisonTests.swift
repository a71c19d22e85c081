import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct ComparisonTests {
    @Test func booksHaveTheStockTheReleasesThatWaitAndWhatTheBuyersAskedForHold() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let users = try database.makeUsers(4)
            let batch = [
                QueuedIntent.sample(event.id, users[0], quantity: 2), .sample(event.id, users[0], quantity: 3),
                .sample(event.id, users[1], quantity: 4), .sample(event.id, users[2], quantity: 5),
            ]
            try await database.commitNew(batch, under: lease)
            _ = try await database.lanes.settle(
                [.confirmed(batch[1]), .declined(batch[2]), .declined(batch[3])], under: lease)
            _ = try await database.lanes.beginLoad(of: event.id, under: lease)
            #expect(try await database.repository.cancel(batch[0].intent.order, of: users[0]))
            let books = try await database.lanes.books(of: event.id, buyers: users, mostOrders: 10)
            #expect(
                books
                    == EventBooks(
                        epoch: 1, total: 100, available: 97,
                        releases: [
                            StockRelease(
                                event: event.id, order: batch[0].intent.order, user: users[0], quantity: 2, epoch: 1)
                        ],
                        overdue: [], hasMore: false, held: [users[0]: 3, users[1]: 0, users[2]: 0, users[3]: 0]))
            let few = try #require(try await database.lanes.books(of: event.id, buyers: [], mostOrders: 0))
            #expect(few.releases == [])
            #expect(few.hasMore)
            #expect(try await database.lanes.books(of: EventID(), buyers: users, mostOrders: 10) == nil)
            #expect(
                try await database.lanes.heldUnits(of: event.id) == [users[0]: 3, users[1]: 0, users[2]: 0])
            #expect(try await database.lanes.ledger(of: event.id)?.sold == 3)
        }
    }

    /// Each transaction shows in both figures or in neither, which the comparison stands on.
    @Test func booksReadDuringSettlementsAlwaysBalance() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(1_000)
            let lease = try await database.lease(for: event.id)
            let user = try await database.makeUser()
            let batch = QueuedIntent.samples(200, event.id, user.id, quantity: 2)
            try await database.commitNew(batch, under: lease)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for queued in batch {
                        _ = try await database.lanes.settle([.declined(queued)], under: lease)
                    }
                }
                var readings = 0
                while readings < 50 {
                    let books = try #require(
                        try await database.lanes.books(of: event.id, buyers: [user.id], mostOrders: 1_000))
                    let returning = books.releases.map(\.quantity).reduce(0, +)
                    #expect(books.total - books.available + returning == 400)
                    #expect((books.held[user.id] ?? 0) + returning == 400)
                    readings += 1
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func ordersThatEndedAWhileAgoAreListedTheLastOnesFirst() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let user = try await database.makeUser()
            let batch = QueuedIntent.samples(4, event.id, user.id)
            try await database.commitNew(batch, under: lease)
            for queued in batch.prefix(3) { _ = try await database.lanes.settle([.confirmed(queued)], under: lease) }
            let orders = batch.map(\.intent.order)
            #expect(try await database.lanes.endedOrders(of: event.id, olderThan: .seconds(60), limit: 9) == [])
            try database.sql("UPDATE ticket_orders SET updated_at = updated_at - interval '2 minutes'")
            try database.sql(
                "UPDATE ticket_orders SET updated_at = updated_at - interval '8 days' WHERE id = '\(orders[0])'")
            let ended = try await database.lanes.endedOrders(of: event.id, olderThan: .seconds(60), limit: 9)
            #expect(ended == [orders[2], orders[1]])
            #expect(
                try await database.lanes.endedOrders(of: event.id, olderThan: .seconds(60), limit: 1) == [orders[2]])
        }
    }

    @Test func holdsThatAreOverAreCountedWithTheAgeOfTheOldest() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let user = try await database.makeUser()
            try await database.commitNew(QueuedIntent.samples(3, event.id, user.id), under: lease)
            let hold = Duration.seconds(60)
            var holds = try await database.lanes.expiredHolds(in: lease.partition, olderThan: hold)
            #expect(holds == ExpiredHolds(count: 0, oldest: .zero))
            try database.sql(
                """
                UPDATE pending_orders SET created_at = created_at - interval '100 seconds'
                WHERE order_id IN (SELECT order_id FROM pending_orders ORDER BY order_id LIMIT 2)
                """)
            holds = try await database.lanes.expiredHolds(in: lease.partition, olderThan: hold)
            #expect(holds.count == 2)
            #expect(holds.oldest >= .seconds(40) && holds.oldest < .seconds(100))
        }
    }

    @Test func anOverdueOrderHoldsNothingAndIsListedBesideItsRelease() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(100)
            let other = try await database.makeEvent(100, in: TestDatabase.partitioning.partition(of: event.id))
            let lease = try await database.lease(for: event.id)
            let user = try await database.makeUser()
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 3)
            try await database.commitNew([queued, .sample(other.id, user.id)], under: lease)
            #expect(try await database.lanes.endHolds(of: [queued.intent.order], under: lease))
            let books = try #require(
                try await database.lanes.books(of: event.id, buyers: [user.id], mostOrders: 10))
            #expect(books.available == 100)
            #expect(books.overdue.map(\.order) == [queued.intent.order])
            #expect(books.overdue.map(\.quantity) == [3])
            #expect(books.releases == books.overdue)
            #expect(books.held == [user.id: 0])
            #expect(try await database.lanes.books(of: other.id, buyers: [], mostOrders: 10)?.overdue == [])
            #expect(try await database.lanes.books(of: event.id, buyers: [], mostOrders: 0)?.hasMore == true)
        }
    }

    @Test func aLanesOwnerIsKnownWhileTheLeaseHolds() async throws {
        try await withDatabase { database async throws in
            let partition = Partition(2)
            #expect(try await database.lanes.laneOwner(of: partition) == nil)
            let lease = try #require(
                try await database.lanes.acquireLease(of: partition, owner: "me", for: .seconds(60)))
            #expect(try await database.lanes.laneOwner(of: partition) == "me")
            try await database.lanes.giveUp(lease)
            #expect(try await database.lanes.laneOwner(of: partition) == nil)
        }
    }
}
