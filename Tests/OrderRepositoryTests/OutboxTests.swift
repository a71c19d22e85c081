import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct OutboxTests {
    /// A sale with one pending order of 3 units among 10.
    private struct Scene {
        let database: TestDatabase
        let user: UserID
        let event: EventID
        let lease: Lease
        let queued: QueuedIntent
        let outbox: PostgresOutboxRepository

        var order: OrderID { queued.intent.order }

        static func run(_ body: (Scene) async throws -> Void) async throws {
            try await withDatabase { database in
                let user = try await database.makeUser()
                let event = try await database.makeEvent(10)
                let lease = try await database.lease(for: event.id)
                let queued = QueuedIntent.sample(event.id, user.id, quantity: 3)
                try await database.commitNew([queued], under: lease)
                try await body(
                    Scene(
                        database: database, user: user.id, event: event.id, lease: lease, queued: queued,
                        outbox: PostgresOutboxRepository(postgres: database.postgres)))
            }
        }

        func claim(_ limit: Int = 10, hidden: Duration = .seconds(60)) async throws -> [OutboxMessage] {
            try await outbox.claimMessages(limit: limit, hidden: hidden)
        }
    }

    /// I13, I8: units back once, and the charge is to be ended.
    @Test func aCancelledOrderReturnsItsUnitsOnceAndItsChargeIsToBeEnded() async throws {
        try await Scene.run { scene in
            let repository = scene.database.repository
            #expect(try await repository.cancel(scene.order, of: UserID()) == false, "another buyer's order")
            #expect(try await repository.cancel(scene.order, of: scene.user))
            #expect(try await repository.cancel(scene.order, of: scene.user) == false)
            #expect(try await scene.database.available(scene.event) == 10)
            #expect(try await repository.order(scene.order)?.reason == .cancelledByBuyer)
            #expect(try scene.database.count("pending_orders") == 0)
            #expect(try await scene.database.lanes.settle([.confirmed(scene.queued)], under: scene.lease)?.orders == [])
            let releases = try await scene.database.lanes.waitingReleases(in: scene.lease.partition, limit: 10)
            #expect(releases.map(\.release.order) == [scene.order])
            #expect(try await scene.claim().map(\.order) == [scene.order])
            let listed = try await scene.database.lanes.unpublishedBatches(in: scene.lease.partition, limit: 10)
            #expect(listed.first?.orders == [scene.order])
        }
    }

    /// Payment against cancellation at the same instant: the row decides, and units are counted once.
    @Test func ofACancellationAndASettlementAtTheSameInstantOneHappens() async throws {
        try await Scene.run { scene in
            let database = scene.database
            let event = try await database.makeEvent(10_000, in: scene.lease.partition).id
            var cancelled = 0
            for round in 0..<60 {
                let queued = QueuedIntent.sample(event, scene.user, quantity: 2)
                try await database.commitNew([queued], under: scene.lease)
                let settlement: Settlement = round % 3 == 0 ? .declined(queued) : .confirmed(queued)
                async let cancel = database.repository.cancel(queued.intent.order, of: scene.user)
                async let settle = database.lanes.settle([settlement], under: scene.lease)
                let (isCancelled, settled) = (try await cancel, try await settle)
                #expect((settled?.orders == [queued.intent.order]) != isCancelled)
                if isCancelled { cancelled += 1 }
            }
            let ledger = try #require(try await database.repository.ledger(of: event))
            #expect(ledger.isBalanced)
            #expect(ledger.sold + ledger.cancelled == 120)
            #expect(ledger.returning == ledger.cancelled)
            #expect(try database.count("outbox", where: "kind = 'void'") == cancelled)
        }
    }

    @Test func anOrderThatIsCancelledInLineIsRejectedByItsLane() async throws {
        try await Scene.run { scene in
            let database = scene.database
            let next = QueuedIntent.sample(scene.event, scene.user, quantity: 2)
            #expect(try await database.repository.cancelUncommitted(next.intent, .soldOut))
            #expect(try await database.repository.cancelUncommitted(next.intent, .soldOut) == false)
            guard case .committed([], let known) = try await database.lanes.commit([next], under: scene.lease) else {
                Issue.record("a cancelled order was committed")
                return
            }
            let order = try #require(known[next.intent.order])
            #expect(order.state.status == .cancelled)
            #expect(order.state.reason == .soldOut)
            #expect(order.entry != next.entry, "so the lane gives back what Redis took")
            #expect(try await database.available(scene.event) == 7)
            // One that is committed is left to `cancel`.
            #expect(try await database.repository.cancelUncommitted(scene.queued.intent, .soldOut) == false)
        }
    }

    @Test func aBuyersHoldingIsWhatOrdersHoldThatHaveNotEnded() async throws {
        try await Scene.run { scene in
            let repository = scene.database.repository
            let before = try #require(try await repository.holding(of: scene.user, in: scene.event))
            #expect(before.held == scene.queued.intent.quantity)
            let other = QueuedIntent.sample(scene.event, scene.user, quantity: 2)
            try await scene.database.commitNew([other], under: scene.lease)
            #expect(try await repository.holding(of: scene.user, in: scene.event)?.held == before.held + 2)
            #expect(try await repository.cancel(scene.order, of: scene.user))
            #expect(try await repository.holding(of: scene.user, in: scene.event)?.held == 2)
            #expect(try await repository.holding(of: UserID(), in: scene.event)?.held == 0)
            #expect(try await repository.holding(of: scene.user, in: EventID()) == nil)
        }
    }

    @Test func anOrderCancelledWithoutTheProvidersWordIsToBeEnded() async throws {
        try await Scene.run { scene in
            _ = try await scene.database.lanes.settle([.declined(scene.queued, reference: nil)], under: scene.lease)
            let messages = try await scene.claim()
            #expect(messages.map(\.kind) == [.void])
            // By the provider's word nothing is left to do.
            let other = QueuedIntent.sample(scene.event, scene.user)
            try await scene.database.commitNew([other], under: scene.lease)
            _ = try await scene.database.lanes.settle([.declined(other)], under: scene.lease)
            #expect(try await scene.claim() == [])
        }
    }

    @Test func ordersArePendingForTooLongByPostgresClock() async throws {
        try await Scene.run { scene in
            let lanes = scene.database.lanes
            #expect(try await lanes.expiredOrders(in: scene.lease.partition, olderThan: .seconds(60), limit: 10) == [])
            try scene.database.sql("UPDATE pending_orders SET created_at = created_at - interval '61 seconds'")
            let expired = try await lanes.expiredOrders(in: scene.lease.partition, olderThan: .seconds(60), limit: 10)
            #expect(expired == [scene.queued.intent])
        }
    }

    @Test func aRefundIsRecordedOnceAndOnlyForACancelledOrder() async throws {
        try await Scene.run { scene in
            try await scene.outbox.recordRefund(of: scene.order, charge: "ch", refund: "re")
            #expect(try scene.database.count("payments") == 0, "the order is pending")
            #expect(try await scene.database.repository.cancel(scene.order, of: scene.user))
            for _ in 0..<2 { try await scene.outbox.recordRefund(of: scene.order, charge: "ch", refund: "re") }
            #expect(
                try scene.database.sql("SELECT kind, status, amount, reference FROM payments ORDER BY id")
                    == "charge|captured|136.50|ch\nrefund|refunded|136.50|re")
            #expect(try await scene.database.repository.order(scene.order)?.status == .refunded)
        }
    }

    @Test func messagesAreSharedHiddenRetriedAndAtLastKeptAsDead() async throws {
        try await Scene.run { scene in
            let database = scene.database
            var orders = [scene.order]
            #expect(try await database.repository.cancel(scene.order, of: scene.user))
            for _ in 0..<6 {
                let queued = QueuedIntent.sample(scene.event, scene.user)
                try await database.commitNew([queued], under: scene.lease)
                #expect(try await database.repository.cancel(queued.intent.order, of: scene.user))
                orders.append(queued.intent.order)
            }
            // Two who take at the same time take different ones.
            async let first = scene.claim(4)
            async let second = scene.claim(4)
            let taken = try await first + second
            #expect(Set(taken.map(\.order)).count == taken.count)
            let rest = try await scene.claim()
            #expect(Set((taken + rest).map(\.order)) == Set(orders))
            #expect(try await scene.claim() == [], "what is taken is hidden")

            // One that a worker died with comes back.
            let failing = rest.first ?? taken[0]
            for message in taken + rest where message != failing { try await scene.outbox.markDelivered(message) }
            try await scene.outbox.markFailed(failing, "no answer", pause: .zero)
            let again = try await scene.claim(hidden: .zero)
            #expect(again.map(\.attempts) == [2])
            #expect(try await scene.claim(hidden: .zero).map(\.attempts) == [3])
            try await scene.outbox.markFailed(failing, "no answer", pause: .seconds(60))
            #expect(try await scene.claim() == [], "not before its time")
            try await scene.outbox.giveUp(failing, "gives up", refund: nil)
            #expect(try await scene.claim() == [])
            #expect(
                try database.sql("SELECT failure, dead_at IS NOT NULL FROM outbox WHERE id = \(failing.id)")
                    == "gives up|t")
        }
    }

    @Test func messagesOfOneOrderAreTakenInTheirOrder() async throws {
        try await Scene.run { scene in
            #expect(try await scene.database.repository.cancel(scene.order, of: scene.user))
            try scene.database.sql(
                """
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT kind, partition, event_id, order_id, user_id, quantity FROM outbox WHERE kind = 'void'
                """)
            let first = try #require(try await scene.claim().first)
            #expect(try await scene.claim() == [])
            try await scene.outbox.markDelivered(first)
            #expect(try await scene.claim().map(\.order) == [scene.order])
        }
    }

    /// A newer version's messages wait for a worker of that version, and do not hold up the others.
    @Test func messagesOfAnUnknownKindAreLeftAlone() async throws {
        try await Scene.run { scene in
            #expect(try await scene.database.repository.cancel(scene.order, of: scene.user))
            try scene.database.sql("ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check")
            try scene.database.sql(
                """
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'telegram', partition, event_id, gen_random_uuid(), user_id, quantity FROM outbox
                WHERE kind = 'void'
                """)
            // One of the same order comes before a message that is known: that one waits, as its order demands.
            let other = QueuedIntent.sample(scene.event, scene.user)
            try await scene.database.commitNew([other], under: scene.lease)
            try scene.database.sql(
                """
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'telegram', partition, event_id, id, user_id, quantity FROM ticket_orders
                WHERE id = '\(other.intent.order)'
                """)
            #expect(try await scene.database.repository.cancel(other.intent.order, of: scene.user))
            #expect(try await scene.claim().map(\.order) == [scene.order])
            #expect(try scene.database.count("outbox", where: "kind = 'telegram' AND attempts = 0") == 2)
        }
    }

    @Test func whatWaitsAndWhatIsDeadCanBeSeenAndTriedAgain() async throws {
        try await Scene.run { scene in
            #expect(try await scene.outbox.depth() == OutboxDepth(waiting: 0, oldest: .zero, dead: 0))
            #expect(try await scene.database.repository.cancel(scene.order, of: scene.user))
            let message = try #require(try await scene.claim().first)
            try await scene.outbox.giveUp(message, "no such charge", refund: nil)
            let depth = try await scene.outbox.depth()
            #expect(depth.waiting == 1, "the release")
            #expect(depth.dead == 1)
            let dead = try await scene.outbox.rows(areDead: true, limit: 10)
            #expect(dead.map(\.id) == [message.id])
            #expect(dead.first?.failure == "no such charge")
            #expect(dead.first?.deadAt != nil)
            #expect(try await scene.outbox.rows(areDead: false, limit: 10).map(\.kind) == ["release", "void"])
            #expect(try await scene.outbox.rows(areDead: false, limit: 1).count == 1)
            #expect(try await scene.outbox.retry(message.id))
            #expect(try await scene.claim().map(\.attempts) == [1])
            try await scene.outbox.markDelivered(message)
            #expect(try await scene.outbox.retry(message.id) == false)
            let release = try #require(try await scene.outbox.rows(areDead: false, limit: 10).first)
            #expect(try await scene.outbox.retry(release.id) == false, "releases are their lane's")
        }
    }

    @Test func aVoidsRefundThatFailsAfterItWasMadeIsMadeAgain() async throws {
        try await Scene.run { scene in
            #expect(try await scene.database.repository.cancel(scene.order, of: scene.user))
            let made = try #require(try await scene.claim().first)
            for _ in 0..<2 { try await scene.outbox.recordRefund(of: scene.order, charge: "ch", refund: "re_1") }
            try await scene.outbox.markDelivered(made)
            #expect(try await scene.outbox.reviewRefunds(of: .random()) == false)
            #expect(try await scene.outbox.reviewRefunds(of: scene.order))
            let review = try #require(try await scene.claim().first)
            #expect(review.id == made.id)
            try await scene.outbox.giveUp(review, "refund re_1 is failed", refund: "re_1")
            let standing = try #require(try await scene.outbox.chargeStandings(of: [scene.order])[scene.order])
            #expect(standing.status == .refunded && standing.refundAge == nil && standing.void == .dead)
            #expect(try await scene.outbox.retry(made.id))
            #expect(try await scene.claim().map(\.generation) == [1])
            for _ in 0..<2 { try await scene.outbox.recordRefund(of: scene.order, charge: "ch", refund: "re_2") }
            #expect(
                try scene.database.sql("SELECT kind, status, reference FROM payments ORDER BY id")
                    == "charge|captured|ch\nrefund|failed|re_1\nrefund|refunded|re_2")
        }
    }

    /// I8.
    @Test func aVoidIsAddedOnceAndOnlyWhereNothingEndsTheCharge() async throws {
        try await Scene.run { scene in
            let order = scene.order
            func standing() async throws -> ChargeStanding? {
                try await scene.outbox.chargeStandings(of: [order, .random()])[order]
            }
            #expect(try await standing()?.status == .pending)
            #expect(try await scene.outbox.addVoid(of: order) == false, "pending")
            // Cancelled on the provider's word: no message was written.
            _ = try await scene.database.lanes.settle([.declined(scene.queued)], under: scene.lease)
            #expect(try await standing()?.void == ChargeStanding.Void.none)
            #expect(try await scene.outbox.addVoid(of: order))
            #expect(try await standing()?.void == .waiting)
            #expect(try await scene.outbox.addVoid(of: order) == false)
            let message = try #require(try await scene.claim().first)
            try await scene.outbox.giveUp(message, "refused", refund: nil)
            #expect(try await standing()?.void == .dead)
            #expect(try await scene.outbox.addVoid(of: order) == false, "it was given up on, which is a person's work")
            #expect(try await scene.outbox.retry(message.id))
            try await scene.outbox.recordRefund(of: order, charge: "ch", refund: "re")
            try await scene.outbox.markDelivered(message)
            let refunded = try #require(try await standing())
            #expect(refunded.refundAge != nil)
            #expect(refunded.status == .refunded)
            #expect(refunded.age < .seconds(60))
            #expect(try await scene.outbox.addVoid(of: order) == false)
            #expect(try await scene.outbox.chargeStandings(of: []) == [:])
        }
    }
}
