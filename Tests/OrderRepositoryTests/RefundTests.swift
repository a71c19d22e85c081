import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct RefundTests {
    /// A sale of 10 with one confirmed order of 3 tickets, 45.50 each.
    private struct Scene {
        let database: TestDatabase
        let event: EventID
        let admin: UserID
        let lease: Lease
        let queued: QueuedIntent
        let outbox: PostgresOutboxRepository

        var order: OrderID { queued.intent.order }

        static func run(_ body: (Scene) async throws -> Void) async throws {
            try await withDatabase { database in
                let (user, admin) = (try await database.makeUser(), try await database.makeUser())
                let event = try await database.makeEvent(10)
                let lease = try await database.lease(for: event.id)
                let queued = QueuedIntent.sample(event.id, user.id, quantity: 3)
                try await database.commitNew([queued], under: lease)
                _ = try await database.lanes.settle([.confirmed(queued)], under: lease)
                try await body(
                    Scene(
                        database: database, event: event.id, admin: admin.id, lease: lease, queued: queued,
                        outbox: PostgresOutboxRepository(postgres: database.postgres)))
            }
        }

        func tickets() async throws -> [Ticket] { try await stored().tickets }

        func stored() async throws -> Order {
            guard let order = try await database.repository.order(order) else {
                throw ServerError(description: "the order is gone")
            }
            return order
        }

        func claim() async throws -> OutboxMessage? {
            try await outbox.claimMessages(limit: 10, hidden: .seconds(60)).first
        }

        /// State, amount and reference of each payment back, a line each.
        func refundPayments() throws -> String {
            try database.sql("SELECT status, amount, reference FROM payments WHERE kind = 'refund' ORDER BY id")
        }

        func refund(
            _ codes: [TicketCode]? = nil, key: String? = nil, reason: String? = nil
        ) async throws -> RefundDecision {
            try await database.repository.requestRefund(
                RefundRequest(
                    order: order, tickets: codes, reason: reason, key: key.flatMap { IdempotencyKey($0) }, actor: admin)
            )
        }
    }

    @Test func aWholeRefundEndsTheOrderAndReturnsItsUnitsOnce() async throws {
        try await Scene.run { scene in
            guard case .accepted(let order) = try await scene.refund(reason: "ill") else {
                Issue.record("a confirmed order was not refunded")
                return
            }
            #expect(order.status == .refunded)
            #expect(order.tickets.map(\.status) == [.cancelled, .cancelled, .cancelled])
            #expect(order.refunds.map(\.amount.amount) == [13_650])
            #expect(order.refunds.map(\.status) == [.requested])
            #expect(try await scene.database.available(scene.event) == 10)
            let releases = try await scene.database.lanes.waitingReleases(in: scene.lease.partition, limit: 10)
            #expect(releases.map(\.release.quantity) == [3])
            let ledger = try #require(try await scene.database.repository.ledger(of: scene.event))
            #expect(ledger.isBalanced && ledger.sold == 0)
            let batches = try await scene.database.lanes.unpublishedBatches(in: scene.lease.partition, limit: 10)
            #expect(batches.last?.orders == [scene.order])
            guard case .refused(.notConfirmed(.refunded)) = try await scene.refund() else {
                Issue.record("it was refunded twice")
                return
            }
            #expect(
                try scene.database.sql("SELECT action || ' ' || (after->>'reason') FROM audit_log")
                    == "order.refund ill")
        }
    }

    @Test func ticketByTicketTheWholeIsGivenBackAndUnitsReturnWithTheLast() async throws {
        try await Scene.run { scene in
            let codes = try await scene.tickets().map(\.code)
            for (number, code) in codes.enumerated() {
                guard case .accepted(let order) = try await scene.refund([code]) else {
                    Issue.record("ticket \(number) was not refunded")
                    return
                }
                let isLast = number == 2
                #expect(order.status == (isLast ? .refunded : .confirmed))
                #expect(order.refunds.count == number + 1)
                #expect(order.tickets.count { $0.status == .cancelled } == number + 1)
                #expect(try await scene.database.available(scene.event) == (isLast ? 10 : 7))
                let ledger = try #require(try await scene.database.repository.ledger(of: scene.event))
                #expect(ledger.isBalanced)
            }
            #expect(try await scene.stored().refunds.map(\.amount.amount) == [4_550, 4_550, 4_550])
            #expect(try scene.database.count("outbox", where: "kind = 'release'") == 1)
            #expect(try scene.database.count("outbox", where: "kind = 'refund'") == 3)
        }
    }

    @Test(arguments: [false, true])
    func aTicketThatWasHandedOnIsPaidBackToTheBuyerAndTakenFromItsHolder(byItsNewCode: Bool) async throws {
        try await Scene.run { scene in
            let codes = try await scene.tickets().map(\.code)
            let tickets = PostgresTicketRepository(postgres: scene.database.postgres)
            let friends = [try await scene.database.makeUser(), try await scene.database.makeUser()]
            var generator = SystemRandomNumberGenerator()
            let new = (0..<2).map { _ in TicketCode(using: &generator) }
            #expect(
                try await tickets.transfer(codes[0], from: scene.queued.intent.user, to: friends[0].id, as: new[0]))
            #expect(try await tickets.transfer(new[0], from: friends[0].id, to: friends[1].id, as: new[1]))
            #expect(try await scene.refund([new[0]]) == .refused(.unknownTicket(new[0])), "a code of the past")

            guard case .accepted(let order) = try await scene.refund([byItsNewCode ? new[1] : codes[0]]) else {
                Issue.record("a ticket that was handed on was not refunded")
                return
            }
            #expect(order.status == .confirmed)
            #expect(order.refunds.map(\.amount.amount) == [4_550])
            #expect(try await tickets.ticket(new[1])?.status == .cancelled)
            #expect(
                try scene.database.sql("SELECT user_id, parameters->>'ticket' FROM mails WHERE kind = 'ticket_void'")
                    == "\(friends[1].id)|\(new[1])", "who has it is told")
            #expect(try await scene.refund([codes[0]]) == .refused(.ticketNotValid(codes[0], .cancelled)))
            guard case .accepted(let ended) = try await scene.refund() else {
                Issue.record("the rest was not refunded")
                return
            }
            #expect(ended.status == .refunded)
            #expect(ended.refunds.map(\.amount.amount) == [4_550, 9_100])
            #expect(try await scene.database.available(scene.event) == 10)
        }
    }

    @Test func aWholeOrderIsRefundedAlthoughATicketWasHandedOn() async throws {
        try await Scene.run { scene in
            let tickets = PostgresTicketRepository(postgres: scene.database.postgres)
            let friend = try await scene.database.makeUser()
            var generator = SystemRandomNumberGenerator()
            let new = TicketCode(using: &generator)
            let code = try await scene.tickets()[1].code
            #expect(try await tickets.transfer(code, from: scene.queued.intent.user, to: friend.id, as: new))
            guard case .accepted(let order) = try await scene.refund() else {
                Issue.record("the order was not refunded")
                return
            }
            #expect(order.status == .refunded)
            #expect(order.refunds.map(\.amount.amount) == [13_650])
            #expect(try await tickets.ticket(new)?.status == .cancelled)
        }
    }

    @Test func whatWasUsedOrPaidBackIsRefused() async throws {
        try await Scene.run { scene in
            let codes = try await scene.tickets().map(\.code)
            try scene.database.sql(
                "UPDATE tickets SET status = 'used', used_at = now() WHERE ticket_code = '\(codes[0])'")
            #expect(try await scene.refund([codes[0]]) == .refused(.ticketNotValid(codes[0], .used)))
            guard case .accepted(let order) = try await scene.refund([codes[1], codes[1]]) else {
                Issue.record("a valid ticket was not refunded")
                return
            }
            #expect(order.refunds.map(\.amount.amount) == [4_550], "a ticket that is named twice counts once")
            #expect(try await scene.refund([codes[1]]) == .refused(.ticketNotValid(codes[1], .cancelled)))
            var generator = SystemRandomNumberGenerator()
            let foreign = TicketCode(using: &generator)
            #expect(try await scene.refund([foreign]) == .refused(.unknownTicket(foreign)))
            // With the used one left the order goes on.
            guard case .accepted(let rest) = try await scene.refund() else {
                Issue.record("what is left was not refunded")
                return
            }
            #expect(rest.status == .confirmed)
            #expect(rest.refunds.map(\.amount.amount) == [4_550, 4_550])
            #expect(try await scene.refund() == .refused(.noTickets))
        }
    }

    @Test func theMigrationIsNotUndoneWhileARefundIsOwed() async throws {
        try await Scene.run { scene in
            _ = try await scene.refund()
            let down = try #require(Migration.all.first { $0.name == "refunds" }).down
            #expect(throws: (any Error).self) { try scene.database.sql(down) }
            #expect(try scene.database.count("refunds") == 1)
            try scene.database.sql("UPDATE refunds SET status = 'refunded'")
            try scene.database.sql(down)
        }
    }

    @Test func theSameKeyIsTheSameRefund() async throws {
        try await Scene.run { scene in
            let codes = try await scene.tickets().map(\.code)
            for _ in 0..<3 {
                guard case .accepted(let order) = try await scene.refund([codes[0]], key: "k1") else {
                    Issue.record("a repetition was refused")
                    return
                }
                #expect(order.refunds.count == 1)
            }
            #expect(try await scene.refund([codes[1]], key: "k1") == .refused(.reusedKey))
            #expect(try await scene.refund([codes[0]], key: "k1", reason: "other") == .refused(.reusedKey))
            guard case .accepted = try await scene.refund([codes[1]], key: "k2") else {
                Issue.record("another key was refused")
                return
            }
        }
    }

    /// I8: of many at once each ticket is given back once.
    @Test func administratorsWhoRefundTheSameOrderAtOnceGiveItBackOnce() async throws {
        try await Scene.run { scene in
            let codes = try await scene.tickets().map(\.code)
            let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        if case .accepted = try await scene.refund(number % 2 == 0 ? nil : [codes[number % 3]]) {
                            true
                        } else {
                            false
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            let order = try await scene.stored()
            #expect(order.status == .refunded)
            #expect(order.refunds.count == accepted)
            #expect(order.refunds.map(\.amount.amount).reduce(0, +) == 13_650)
            #expect(try await scene.database.available(scene.event) == 10)
        }
    }

    @Test func aRefundIsCarriedOutByAMessageThatKnowsItsChargeAndIsSettledOnce() async throws {
        try await Scene.run { scene in
            let codes = try await scene.tickets().map(\.code)
            _ = try await scene.refund([codes[0]])
            let message = try #require(try await scene.outbox.claimMessages(limit: 10, hidden: .seconds(60)).first)
            #expect(message.kind == .refund)
            let refund = try #require(message.refund)
            #expect(refund.amount.amount == 4_550)
            #expect(refund.charge == "ch_1")
            #expect(message.payment?.total.amount == 13_650)
            for _ in 0..<2 { try await scene.outbox.settleRefund(refund.id, reference: "re_1") }
            try await scene.outbox.giveUp(message, "late", refund: nil)
            try await scene.outbox.giveUp(message, "late", refund: "re_0")
            #expect(try await scene.stored().refunds.map(\.status) == [.refunded])
            #expect(try scene.refundPayments() == "refunded|45.50|re_1")
            #expect(
                try scene.database.sql("SELECT parameters->>'amount' FROM mails WHERE kind = 'order_refunded'")
                    == "4550")
            let standing = try #require(try await scene.outbox.chargeStandings(of: [scene.order])[scene.order])
            #expect(standing.status == .confirmed)
            #expect(standing.refundAge == nil, "a part was")
        }
    }

    @Test func aRefundThatWasRefusedForGoodMayBeTriedAgainAsAnotherRequest() async throws {
        try await Scene.run { scene in
            _ = try await scene.refund()
            for generation in 0..<2 {
                let message = try #require(try await scene.claim())
                #expect(message.generation == generation)
                for _ in 0..<2 { try await scene.outbox.giveUp(message, "no money", refund: "re_\(generation)") }
                #expect(try await scene.stored().refunds.map(\.status) == [.failed])
                #expect(try await scene.claim() == nil)
                #expect(try await scene.outbox.retry(message.id))
                #expect(try await scene.stored().refunds.map(\.status) == [.requested])
                // What only waits is the same request still.
                #expect(try await scene.outbox.retry(message.id))
            }
            let message = try #require(try await scene.claim())
            #expect(message.generation == 2)
            try await scene.outbox.settleRefund(try #require(message.refund).id, reference: "re_2")
            #expect(
                try scene.refundPayments() == "failed|136.50|re_0\nfailed|136.50|re_1\nrefunded|136.50|re_2",
                "a row for each attempt")
        }
    }

    /// A bank may send a refund back days later.
    @Test func aRefundThatFailsAfterItWasMadeIsGivenUpOnAndCanBeMadeAgain() async throws {
        try await Scene.run { scene in
            _ = try await scene.refund()
            let made = try #require(try await scene.claim())
            try await scene.outbox.settleRefund(try #require(made.refund).id, reference: "re_1")
            try await scene.outbox.markDelivered(made)
            let hook = ProviderEvent(
                id: "evt_1", kind: "refund.failed", order: scene.order, object: "re_1", isFailedRefund: true)
            #expect(try await scene.database.repository.record(hook) == hook)
            let review = try #require(try await scene.claim())
            #expect(review.id == made.id)
            #expect(try await scene.database.repository.record(hook) == nil)
            #expect(try await scene.stored().refunds.map(\.status) == [.refunded], "the event alone moves nothing")
            try await scene.outbox.giveUp(review, "refund re_1 is failed", refund: "re_1")

            #expect(try await scene.stored().refunds.map(\.status) == [.failed])
            #expect(try scene.refundPayments() == "failed|136.50|re_1")
            let standing = try #require(try await scene.outbox.chargeStandings(of: [scene.order])[scene.order])
            #expect(standing.refundAge == nil && standing.void == .dead)
            #expect(try await scene.outbox.retry(made.id))
            let again = try #require(try await scene.claim())
            #expect(again.generation == 1)
            try await scene.outbox.settleRefund(try #require(again.refund).id, reference: "re_2")
            #expect(try await scene.stored().refunds.map(\.status) == [.refunded])
            #expect(try scene.refundPayments() == "failed|136.50|re_1\nrefunded|136.50|re_2")
        }
    }

    @Test func theRefundOfAMessageThatKnowsNoChargeFailsWithIt() async throws {
        try await Scene.run { scene in
            _ = try await scene.refund()
            try scene.database.sql("DELETE FROM payments")
            let message = try #require(try await scene.claim())
            #expect(message.refund == nil)
            try await scene.outbox.giveUp(message, "the charge is gone", refund: nil)
            #expect(try await scene.stored().refunds.map(\.status) == [.failed])
        }
    }

    /// The reconciler must not take an order whose refunds are under way for one that nobody gives back.
    @Test func aRefundedOrderGetsNoVoidBesideItsRefunds() async throws {
        try await Scene.run { scene in
            _ = try await scene.refund()
            let before = try #require(try await scene.outbox.chargeStandings(of: [scene.order])[scene.order])
            #expect(before.status == .refunded && before.void == .waiting && before.refundAge == nil)
            #expect(try await scene.outbox.addVoid(of: scene.order) == false)
            let message = try #require(try await scene.outbox.claimMessages(limit: 10, hidden: .seconds(60)).first)
            try await scene.outbox.settleRefund(try #require(message.refund).id, reference: "re_1")
            try await scene.outbox.markDelivered(message)
            let after = try #require(try await scene.outbox.chargeStandings(of: [scene.order])[scene.order])
            #expect(after.refundAge != nil && after.void == .none)
            #expect(try await scene.outbox.addVoid(of: scene.order) == false)
        }
    }

    @Test func onlyAnEventWithoutOrdersThatIsNotOnSaleIsDeleted() async throws {
        try await Scene.run { scene in
            let repository = scene.database.repository
            #expect(try await repository.deleteEvent(scene.event, by: scene.admin) == .hasOrders)
            let other = try await scene.database.makeEvent(10, in: scene.lease.partition)
            _ = try await scene.database.lanes.beginLoad(of: other.id, under: scene.lease)
            #expect(try await repository.deleteEvent(other.id, by: scene.admin) == .onSale)
            _ = try await repository.updateEvent(other.id, by: scene.admin) { $0.saleState = .closed }
            #expect(
                try await repository.deleteEvent(other.id, by: scene.admin) == .onSale,
                "what was accepted a moment ago may not have come")
            try scene.database.sql("UPDATE events SET updated_at = now() - interval '11 seconds'")
            #expect(try await repository.deleteEvent(other.id, by: scene.admin) == .deleted)
            #expect(try await repository.event(other.id) == nil)
            #expect(try await repository.deleteEvent(other.id, by: scene.admin) == .unknown)
            #expect(try scene.database.count("audit_log", where: "action = 'event.delete'") == 1)
        }
    }

    /// P20: an event of the provider counts once, and moves nothing by itself.
    @Test func aProvidersEventIsAHintAndCountsOnce() async throws {
        try await Scene.run { scene in
            let repository = scene.database.repository
            func event(_ id: String, isCapture: Bool = true) -> ProviderEvent {
                ProviderEvent(
                    id: id, kind: "payment_intent.succeeded", order: scene.order, object: "pi_1", isCapture: isCapture)
            }
            #expect(try await repository.record(event("evt_1")) == event("evt_1"))
            #expect(try await repository.record(event("evt_1")) == nil)
            #expect(try await scene.stored().status == .confirmed)
            #expect(
                try scene.database.count("outbox", where: "kind = 'void'") == 0, "a confirmed order keeps its charge")

            // An order that was declined, and of which a capture is told, is looked at.
            let declined = QueuedIntent.sample(scene.event, scene.queued.intent.user)
            try await scene.database.commitNew([declined], under: scene.lease)
            _ = try await scene.database.lanes.settle([.declined(declined)], under: scene.lease)
            let hook = ProviderEvent(
                id: "evt_2", kind: "payment_intent.succeeded", order: declined.intent.order, object: nil,
                isCapture: true)
            #expect(try await repository.record(hook) == hook)
            #expect(try scene.database.count("outbox", where: "kind = 'void'") == 1)

            // What waits after a failure is tried at once.
            let message = try #require(try await scene.outbox.claimMessages(limit: 10, hidden: .seconds(60)).first)
            try await scene.outbox.markFailed(message, "no answer", pause: .seconds(600))
            #expect(try await scene.outbox.claimMessages(limit: 10, hidden: .seconds(60)) == [])
            let refunded = ProviderEvent(
                id: "evt_3", kind: "charge.refunded", order: declined.intent.order, object: nil)
            #expect(try await repository.record(refunded) == refunded)
            #expect(try await scene.outbox.claimMessages(limit: 10, hidden: .seconds(60)).map(\.id) == [message.id])

            // A dispute names the charge alone.
            for (charge, order) in [("ch_1", scene.order), ("ch_0", nil)] {
                let dispute = ProviderEvent(
                    id: "evt_\(charge)", kind: "charge.dispute.created", order: nil, object: "dp_1", charge: charge)
                let noted = try #require(try await repository.record(dispute))
                #expect(noted.order == order)
            }
        }
    }
}
