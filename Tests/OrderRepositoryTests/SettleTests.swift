import Foundation
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct SettleTests {
    @Test func aPaidOrderGetsItsTicketsAndItsChargeOnce() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 3)
            try await database.commitNew([queued], under: lease)
            let order = queued.intent.order
            #expect(
                try await database.lanes.settle([.confirmed(queued, reference: "ch_a")], under: lease)?.orders == [
                    order
                ])
            // Once more, as after a lost answer, with tickets of its own; and against the outcome.
            #expect(
                try await database.lanes.settle([.confirmed(queued, reference: "ch_b")], under: lease)?.orders == [])
            #expect(try await database.lanes.settle([.declined(queued)], under: lease)?.orders == [])
            #expect(try database.count("tickets", where: "order_id = '\(order)'") == 3)
            #expect(
                try database.sql("SELECT order_id, kind, status, amount, currency, reference FROM payments")
                    == "\(order)|charge|captured|136.50|EUR|ch_a")
            #expect(try database.count("outbox") == 0)
            #expect(try database.count("pending_orders") == 0)
            #expect(try await database.available(event.id) == 7)
        }
    }

    /// I13.
    @Test func aDeclinedOrderReturnsItsUnitsOnceWithOneRelease() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 3)
            try await database.commitNew([queued], under: lease)
            for expected in [[queued.intent.order], [], []] {
                #expect(try await database.lanes.settle([.declined(queued)], under: lease)?.orders == expected)
                #expect(try await database.available(event.id) == 10)
            }
            #expect(try await database.lanes.settle([.confirmed(queued)], under: lease)?.orders == [])
            #expect(try database.count("tickets") == 0)
            #expect(try database.sql("SELECT status, reference FROM payments") == "declined|ch_2")
            let releases = try await database.lanes.waitingReleases(in: lease.partition, limit: 10)
            #expect(
                releases.map(\.release) == [
                    StockRelease(event: event.id, order: queued.intent.order, user: user.id, quantity: 3, epoch: 0)
                ])
        }
    }

    @Test func aBatchOfBothKindsWithAndWithoutPaymentIsSettledAtOnce() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let batch = (1...4).map { QueuedIntent.sample(event.id, user.id, quantity: $0) }
            try await database.commitNew(batch, under: lease)
            let stranger = QueuedIntent.sample(event.id, user.id)
            let settlements: [Settlement] = [
                .confirmed(batch[0]), .declined(batch[1]), .confirmed(batch[2], reference: nil),
                .declined(batch[3], reference: nil), .confirmed(stranger),
            ]
            let settled = try #require(try await database.lanes.settle(settlements.shuffled(), under: lease))
            #expect(Set(settled.orders) == Set(batch.map(\.intent.order)))
            #expect(try database.count("tickets") == 4)
            #expect(try database.count("payments") == 2)
            #expect(try database.count("outbox", where: "kind = 'release'") == 2)
            #expect(try database.count("outbox", where: "kind = 'void'") == 1, "the provider's word is missing once")
            #expect(try await database.available(event.id) == 96)
            let ledger = try await database.repository.ledger(of: event.id)
            #expect(
                ledger == EventLedger(capacity: 100, available: 96, pending: 0, sold: 4, cancelled: 6, returning: 6))
            let states = try await database.lanes.states(of: batch.map(\.intent.order) + [stranger.intent.order])
            #expect(Set(states.map(\.id)) == Set(batch.map(\.intent.order)))
            for settlement in settlements.prefix(4) {
                let state = states.first { $0.id == settlement.order.id }
                #expect(state?.status == settlement.order.status)
                #expect(state?.reason == settlement.order.reason)
                #expect(state.map { Set($0.tickets) } == Set(settlement.order.tickets))
            }
        }
    }

    @Test func whatWasSettledIsOnTheListUntilItIsMarkedAsPublished() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let batch = QueuedIntent.samples(5, event.id, user.id)
            try await database.commitNew(batch, under: lease)
            let first = try #require(try await lanes.settle(batch.prefix(3).map { .confirmed($0) }, under: lease))
            let second = try #require(try await lanes.settle(batch.suffix(4).map { .declined($0) }, under: lease))
            #expect(
                Set(second.orders) == Set(batch.suffix(2).map(\.intent.order)), "those that had moved are not in it")
            #expect(try await lanes.unpublishedBatches(in: lease.partition, limit: 10) == [first, second])
            let other = Partition(lease.partition.number == 0 ? 1 : 0)
            #expect(try await lanes.unpublishedBatches(in: other, limit: 10) == [])
            try await lanes.markPublished([first.id, second.id], in: other)
            try await lanes.markPublished([first.id], in: lease.partition)
            #expect(try await lanes.unpublishedBatches(in: lease.partition, limit: 10) == [second])
        }
    }

    /// P19 at the level of the statement: both outcomes of one order at the same instant.
    @Test func ofTwoOutcomesAtTheSameInstantExactlyOneHappens() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10_000)
            let lease = try await database.lease(for: event.id)
            for _ in 0..<10 {
                let batch = QueuedIntent.samples(100, event.id, user.id, quantity: 2)
                try await database.commitNew(batch, under: lease)
                async let paid = database.lanes.settle(batch.shuffled().map { .confirmed($0) }, under: lease)
                async let declined = database.lanes.settle(batch.shuffled().map { .declined($0) }, under: lease)
                let (a, b) = (try #require(try await paid), try #require(try await declined))
                #expect(a.orders.count + b.orders.count == 100)
                #expect(Set(a.orders).isDisjoint(with: b.orders))
            }
            let ledger = try #require(try await database.repository.ledger(of: event.id))
            #expect(ledger.isBalanced)
            #expect(ledger.sold + ledger.cancelled == 2_000)
            #expect(try database.count("tickets") == ledger.sold)
            #expect(try database.sql("SELECT coalesce(sum(quantity), 0) FROM outbox") == "\(ledger.cancelled)")
            #expect(try database.count("payments") == 1_000)
            #expect(try database.count("pending_orders") == 0)
        }
    }

    @Test func aTicketCodeThatIsTakenRefusesTheBatchAndNothingOfItIsWritten() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let batch = QueuedIntent.samples(3, event.id, user.id)
            try await database.commitNew(batch, under: lease)
            let first = Settlement.confirmed(batch[0])
            _ = try await database.lanes.settle([first], under: lease)
            let error = await failure {
                _ = try await database.lanes.settle(
                    [.declined(batch[1]), .confirmed(batch[2], tickets: first.order.tickets)], under: lease)
            }
            #expect(error?.code == .rowRejected)
            #expect(
                try await database.lanes.pendingOrders(
                    in: lease.partition, youngerThan: .seconds(3_600), after: nil, limit: 10
                ).count == 2)
            #expect(try await database.available(event.id) == 7)
        }
    }

    /// I8.
    @Test func anOrderHasAtMostOneCapturedCharge() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let queued = QueuedIntent.sample(event.id, user.id)
            try await database.commitNew([queued], under: lease)
            _ = try await database.lanes.settle([.confirmed(queued)], under: lease)
            func charge(_ status: String) throws {
                try database.sql(
                    """
                    INSERT INTO payments (order_id, kind, status, amount, currency, reference)
                    VALUES ('\(queued.intent.order)', 'charge', '\(status)', 45.50, 'EUR', 'ch_9')
                    """)
            }
            try charge("declined")
            let error = #expect(throws: ServerError.self) { try charge("captured") }
            #expect(error?.description.contains("payments_captured") == true)
            // Negative control: it is this index that refuses.
            try database.sql("DROP INDEX payments_captured")
            try charge("captured")
            #expect(try database.count("payments", where: "status = 'captured'") == 2)
        }
    }

    @Test func releasesWaitInOrderUntilTheyAreDelivered() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let batch = QueuedIntent.samples(5, event.id, user.id, quantity: 2)
            try await database.commitNew(batch, under: lease)
            for queued in batch { _ = try await lanes.settle([.declined(queued)], under: lease) }
            let waiting = try await lanes.waitingReleases(in: lease.partition, limit: 10)
            #expect(waiting.map(\.release.order) == batch.map(\.intent.order))
            #expect(try await lanes.waitingReleases(in: lease.partition, limit: 2) == Array(waiting.prefix(2)))
            #expect(try await lanes.waitingReleases(in: Partition(99), limit: 2) == [])
            try await lanes.markDelivered(Array(waiting.prefix(3)))
            try await lanes.markDelivered(Array(waiting.prefix(3)))
            try await lanes.markDelivered([])
            #expect(try await lanes.waitingReleases(in: lease.partition, limit: 10) == Array(waiting.suffix(2)))
        }
    }
}
