import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct CommitTests {
    @Test func aBatchIsInsertedAndItsUnitsAreTaken() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let batch = (1...5).map { QueuedIntent.sample(event.id, user.id, quantity: $0) }
            try await database.commitNew(batch, under: lease)
            #expect(try await database.available(event.id) == 85)
            #expect(try database.sql("SELECT sum(total_amount) FROM ticket_orders") == "682.50")
            #expect(
                Set(
                    try await database.lanes.pendingOrders(
                        in: lease.partition, youngerThan: .seconds(3_600), after: nil, limit: 10))
                    == Set(batch.map(\.intent)))
        }
    }

    @Test func aBatchOverSeveralEventsTakesEachEventsUnits() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let partition = Partition(1)
            let events = [
                try await database.makeEvent(50, in: partition), try await database.makeEvent(50, in: partition),
            ]
            let lease = try await database.lease(for: events[0].id)
            let batch = QueuedIntent.samples(3, events[0].id, user.id) + QueuedIntent.samples(5, events[1].id, user.id)
            try await database.commitNew(batch.shuffled(), under: lease)
            #expect(try await database.available(events[0].id) == 47)
            #expect(try await database.available(events[1].id) == 45)
        }
    }

    /// P15.
    @Test func aBatchThatIsDeliveredThreeTimesTakesItsUnitsOnce() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(1_000)
            let lease = try await database.lease(for: event.id)
            for round in 1...4 {
                let batch = QueuedIntent.samples(50, event.id, user.id, quantity: 2)
                try await database.commitNew(batch, under: lease)
                for _ in 0..<2 {
                    guard
                        case .committed(let inserted, let known) = try await database.lanes.commit(
                            batch.shuffled(), under: lease)
                    else { return }
                    #expect(inserted.isEmpty)
                    #expect(known.count == 50)
                    #expect(try await database.available(event.id) == 1_000 - 100 * round)
                }
            }
            #expect(try database.count("ticket_orders") == 200)
            #expect(try database.count("pending_orders") == 200)
        }
    }

    @Test func anIntentTwiceInOneBatchIsOneOrder() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let order = OrderID.random()
            let batch = [
                QueuedIntent.sample(event.id, user.id, quantity: 2, order: order, entry: "1-1"),
                .sample(event.id, user.id, quantity: 2, order: order, entry: "1-2"),
            ]
            guard case .committed(let inserted, let known) = try await database.lanes.commit(batch, under: lease)
            else { return }
            #expect(inserted.count == 1)
            #expect(known.keys.map { $0 } == [order])
            #expect(known[order]?.entry == inserted.first)
            #expect(try await database.available(event.id) == 8)
        }
    }

    @Test func aRedeliveryAndASecondAcceptanceAreToldApartByTheEntry() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let first = QueuedIntent.sample(event.id, user.id, entry: "17-1")
            try await database.commitNew([first], under: lease)
            let settlement = Settlement.confirmed(first)
            _ = try await database.lanes.settle([settlement], under: lease)

            let again = QueuedIntent.sample(event.id, user.id, order: first.intent.order, entry: "17-9")
            let new = QueuedIntent.sample(event.id, user.id, entry: "17-10")
            for entry in [first, again] {
                let outcome = try await database.lanes.commit([entry], under: lease)
                #expect(
                    outcome
                        == .committed(
                            inserted: [],
                            known: [
                                first.intent.order: KnownOrder(entry: StreamEntryID("17-1"), state: settlement.order)
                            ]))
            }
            let mixed = try await database.lanes.commit([again, new], under: lease)
            #expect(
                mixed
                    == .committed(
                        inserted: [new.entry],
                        known: [first.intent.order: KnownOrder(entry: first.entry, state: settlement.order)]))
            #expect(try await database.available(event.id) == 8)
        }
    }

    /// P16, as far as the statement goes: the lane splits the batch.
    @Test func oneBadRowRefusesTheBatchAndNothingOfItIsWritten() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(2_000)
            let lease = try await database.lease(for: event.id)
            let good = QueuedIntent.samples(99, event.id, user.id)
            let bad = [
                QueuedIntent.sample(event.id, UserID()),
                .sample(EventID(), user.id),
                .sample(event.id, user.id, quantity: 0),
            ]
            for bad in bad {
                let error = await failure {
                    _ = try await database.lanes.commit((good + [bad]).shuffled(), under: lease)
                }
                #expect(error?.code == .rowRejected)
                #expect(error?.reason == .rejected)
                #expect(try database.count("ticket_orders") == 0)
                #expect(try database.count("pending_orders") == 0)
                #expect(try await database.available(event.id) == 2_000)
            }
            try await database.commitNew(good, under: lease)
        }
    }

    @Test func whatIsNoRowsFaultIsNotTakenForOne() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            try database.sql("ALTER TABLE tickets RENAME TO elsewhere; ALTER TABLE ticket_orders RENAME TO gone")
            let error = await failure {
                _ = try await database.lanes.commit([.sample(event.id, user.id)], under: lease)
            }
            #expect(error?.code == .failed)
        }
    }

    /// I1: the last wall, when all others have fallen.
    @Test func theCheckRefusesToSellWhatIsNotThere() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let error = await failure {
                _ = try await database.lanes.commit(QueuedIntent.samples(11, event.id, user.id), under: lease)
            }
            #expect(error?.code == .rowRejected)
            #expect(error?.reason == .soldOut)
            #expect(try await database.available(event.id) == 10)
            try await database.commitNew(QueuedIntent.samples(10, event.id, user.id), under: lease)
            #expect(
                await failure { try await database.commitNew([.sample(event.id, user.id)], under: lease) }?.reason
                    == .soldOut)

            // Negative control: without the wall the same batch oversells.
            try database.sql("ALTER TABLE events DROP CONSTRAINT events_stock")
            try await database.commitNew([.sample(event.id, user.id)], under: lease)
            #expect(try await database.available(event.id) == -1)
            #expect(try await database.repository.ledger(of: event.id)?.pending == 11)
        }
    }

    /// P33: what Postgres refused cannot be sold under the same id later.
    @Test func aRefusedOrderIsKeptAsCancelledAndItsUnitsAreReturnedToRedisOnly() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 2)
            #expect(
                try await lanes.refuse(queued, .soldOut, under: lease)
                    == .committed(inserted: [queued.entry], known: [:]))
            let state = SettledOrder(id: queued.intent.order, status: .cancelled, reason: .soldOut, tickets: [])
            let known = [queued.intent.order: KnownOrder(entry: queued.entry, state: state)]
            #expect(try await lanes.refuse(queued, .rejected, under: lease) == .committed(inserted: [], known: known))
            #expect(try await lanes.commit([queued], under: lease) == .committed(inserted: [], known: known))
            // Also when a trigger refuses every row by now.
            try database.sql(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON ticket_orders FOR EACH ROW EXECUTE FUNCTION refuse();
                """)
            #expect(try await lanes.refuse(queued, .rejected, under: lease) == .committed(inserted: [], known: known))
            try database.sql("DROP TRIGGER refuse ON ticket_orders")
            #expect(try await database.available(event.id) == 10)
            #expect(try database.count("pending_orders") == 0)
            let releases = try await lanes.waitingReleases(in: lease.partition, limit: 10)
            #expect(releases.map(\.release.order) == [queued.intent.order])

            // Who has no account can have no order.
            let error = await failure {
                _ = try await lanes.refuse(.sample(event.id, UserID()), .rejected, under: lease)
            }
            #expect(error?.code == .rowRejected)
            let late = Lease(partition: lease.partition, epoch: lease.epoch - 1)
            #expect(try await lanes.refuse(.sample(event.id, user.id), .rejected, under: late) == .leaseLost)
            #expect(try database.count("ticket_orders") == 1)
        }
    }

    @Test func pendingOrdersAreThePartitionsOldestFirst() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100, in: Partition(0))
            let other = try await database.makeEvent(100, in: Partition(1))
            let lease = try await database.lease(for: event.id)
            let otherLease = try await database.lease(for: other.id)
            var batches: [[QueuedIntent]] = []
            for _ in 0..<3 {
                batches.append(QueuedIntent.samples(2, event.id, user.id))
                try await database.commitNew(batches[batches.count - 1], under: lease)
                try await database.commitNew([.sample(other.id, user.id)], under: otherLease)
            }
            func pending(_ limit: Int) async throws -> [OrderID] {
                try await database.lanes.pendingOrders(
                    in: lease.partition, youngerThan: .seconds(3_600), after: nil, limit: limit
                ).map(\.order)
            }
            #expect(Set(try await pending(2)) == Set(batches[0].map(\.intent.order)))
            #expect(Set(try await pending(4).suffix(2)) == Set(batches[1].map(\.intent.order)))
            #expect(try await pending(100).count == 6)
            _ = try await database.lanes.settle(
                batches[0].map { .confirmed($0) } + [.declined(batches[1][0])], under: lease)
            #expect(try await pending(100).first == batches[1][1].intent.order)
            #expect(try await pending(100).count == 3)
            // Page by page; after an order that is gone, from the start.
            let all = try await pending(100)
            func page(after order: OrderID) async throws -> [OrderID] {
                try await database.lanes.pendingOrders(
                    in: lease.partition, youngerThan: .seconds(3_600), after: order, limit: 2
                ).map(\.order)
            }
            #expect(try await page(after: all[0]) == Array(all[1...2]))
            #expect(try await page(after: all[1]) == [all[2]])
            #expect(try await page(after: all[2]) == [])
            #expect(try await page(after: .random()) == Array(all[...1]))
            // An account that goes takes its orders with it, also the pending ones.
            try database.sql("DELETE FROM users")
            #expect(try await pending(100) == [])
        }
    }
}

/// P14.
@Suite struct DeadlockTests {
    @Test func writersOnOverlappingShuffledBatchesDoNotDeadlock() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100_000)
            let lease = try await database.lease(for: event.id)
            for _ in 0..<10 {
                let orders = QueuedIntent.samples(600, event.id, user.id)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for part in [orders[..<400], orders[200...], orders[100..<500]] {
                        group.addTask { _ = try await database.lanes.commit(part.shuffled(), under: lease) }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try database.count("ticket_orders") == 6_000)
            #expect(try await database.available(event.id) == 94_000)
        }
    }

    /// Negative control: two transactions that insert the same ids in different order.
    @Test func withoutTheOrderTheyDo() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let ids = [OrderID.random(), .random()]
            func insert(_ id: OrderID, _ connection: PostgresConnection) async throws {
                try await connection.query(
                    """
                    INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency,
                                               payment_method, status, stream_id)
                    VALUES (\(id), \(user.id), \(event.id), 0, 1, 1, 'EUR', 'pm', 'pending', '') ON CONFLICT DO NOTHING
                    """)
            }
            let outcomes: [SQLState] = await withTaskGroup(of: SQLState?.self) { group in
                let arrived = Barrier(count: 2)
                for order in [ids, ids.reversed()] {
                    group.addTask {
                        do {
                            try await database.postgres.withTransaction { connection in
                                try await insert(order[0], connection)
                                await arrived.wait()
                                try await insert(order[1], connection)
                            }
                            return nil
                        } catch {
                            return (error as? PostgresError)?.sqlState
                        }
                    }
                }
                return await group.reduce(into: [SQLState]()) { if let state = $1 { $0.append(state) } }
            }
            #expect(outcomes == [.deadlockDetected])
        }
    }

    @Test func aCommitAndASettlementThatTouchTheSameEventsDoNotDeadlock() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            var events: [EventID] = []
            for _ in 0..<6 { events.append(try await database.makeEvent(100_000, in: Partition(1)).id) }
            let lease = try await database.lease(for: events[0])
            func batch(_ order: [EventID]) -> [QueuedIntent] { order.flatMap { QueuedIntent.samples(5, $0, user.id) } }
            for _ in 0..<40 {
                let pending = batch(events)
                try await database.commitNew(pending, under: lease)
                let next = batch(events.shuffled())
                async let commit: Void = database.commitNew(next, under: lease)
                let moved = try await database.lanes.settle(pending.shuffled().map { .declined($0) }, under: lease)
                #expect(moved?.orders.count == 30)
                try await commit
            }
            for event in events { #expect(try await database.available(event) == 100_000 - 200) }
        }
    }
}

/// Lets `count` tasks go on once all of them have arrived.
private actor Barrier {
    private var missing: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) { missing = count }

    func wait() async {
        missing -= 1
        guard missing > 0 else {
            for continuation in waiting { continuation.resume() }
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}
