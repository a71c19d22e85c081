import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct MailTests {
    /// A sale of 10 units with pending orders of 2 of one buyer.
    private struct Scene {
        let database: TestDatabase
        let user: User
        let event: Event
        let lease: Lease
        let mails: PostgresMailRepository

        static func run(_ body: (Scene) async throws -> Void) async throws {
            try await withDatabase { database in
                let user = try await database.makeUser()
                let event = try await database.makeEvent(10)
                try await body(
                    Scene(
                        database: database, user: user, event: event, lease: try await database.lease(for: event.id),
                        mails: PostgresMailRepository(postgres: database.postgres)))
            }
        }

        func order() async throws -> QueuedIntent {
            let queued = QueuedIntent.sample(event.id, user.id, quantity: 2)
            try await database.commitNew([queued], under: lease)
            return queued
        }

        func confirmed() async throws -> QueuedIntent {
            let queued = try await order()
            _ = try await database.lanes.settle([.confirmed(queued)], under: lease)
            return queued
        }

        func claim(_ limit: Int = 10, hidden: Duration = .seconds(60)) async throws -> [WaitingMail] {
            try await mails.claimMails(limit: limit, hidden: hidden)
        }

        /// Kind and order of each row, oldest first.
        func rows() throws -> [String] {
            try database.sql("SELECT kind || ' ' || order_id FROM mails ORDER BY id").split(separator: "\n")
                .map { String($0) }
        }
    }

    @Test func everyOrderThatEndsHasOneMailButForOneThatItsBuyerEnds() async throws {
        try await Scene.run { scene in
            let (kept, declined, own) = (
                try await scene.order(), try await scene.order(), try await scene.order()
            )
            for _ in 0..<2 {
                _ = try await scene.database.lanes.settle([.confirmed(kept), .declined(declined)], under: scene.lease)
            }
            #expect(try await scene.database.repository.cancel(own.intent.order, of: scene.user.id))
            let lost = QueuedIntent.sample(scene.event.id, scene.user.id).intent
            for _ in 0..<2 { _ = try await scene.database.repository.cancelUncommitted(lost, .soldOut) }
            let unwanted = QueuedIntent.sample(scene.event.id, scene.user.id).intent
            _ = try await scene.database.repository.cancelUncommitted(unwanted, .cancelledByBuyer)
            #expect(
                Set(try scene.rows()) == [
                    "order_confirmed \(kept.intent.order)", "order_cancelled \(declined.intent.order)",
                    "order_cancelled \(lost.order)",
                ])
            #expect(try scene.rows().count == 3)
        }
    }

    @Test func aRefundHasAMailAndOnlyOne() async throws {
        try await Scene.run { scene in
            let queued = try await scene.order()
            _ = try await scene.database.repository.cancel(queued.intent.order, of: scene.user.id)
            let outbox = PostgresOutboxRepository(postgres: scene.database.postgres)
            for _ in 0..<2 {
                try await outbox.recordRefund(of: queued.intent.order, charge: "ch_1", refund: "re_1")
            }
            #expect(try scene.rows() == ["order_refunded \(queued.intent.order)"])
            let mail = try #require(try await scene.claim().first)
            #expect(mail.order?.status == .refunded)
            #expect(mail.order?.refunded == queued.intent.total)
        }
    }

    @Test func anOrderThatIsConfirmedAfterItsHoldHasItsMail() async throws {
        try await Scene.run { scene in
            let queued = try await scene.order()
            _ = try await scene.database.lanes.endHolds(of: [queued.intent.order], under: scene.lease)
            let epoch = Int64(try scene.database.sql("SELECT stock_epoch FROM events"))!
            let outcome = try await scene.database.lanes.confirmOverdue(
                .confirmed(queued), of: scene.event.id, epoch: epoch, under: scene.lease)
            #expect(outcome == .confirmed)
            #expect(try scene.rows() == ["order_confirmed \(queued.intent.order)"])
        }
    }

    @Test func aLaneThatLostItsLeaseWritesNoMail() async throws {
        try await Scene.run { scene in
            let queued = try await scene.order()
            let old = Lease(partition: scene.lease.partition, epoch: scene.lease.epoch - 1)
            _ = try await scene.database.lanes.settle([.confirmed(queued)], under: old)
            #expect(try scene.rows() == [])
        }
    }

    @Test func aClaimedMailHasWhatItsLetterNeeds() async throws {
        try await Scene.run { scene in
            let queued = try await scene.confirmed()
            let mail = try #require(try await scene.claim().first)
            #expect(mail.kind == .orderConfirmed)
            #expect(mail.attempts == 1)
            #expect(mail.recipient == .init(email: scene.user.email, name: nil))
            let order = try #require(mail.order)
            #expect(order.id == queued.intent.order)
            #expect(order.quantity == 2)
            #expect(order.total == queued.intent.total)
            #expect(order.refunded.amount == 0)
            #expect(order.event == scene.event.details.title)
            #expect(order.venue == scene.event.details.venue)
            #expect(abs(order.date.timeIntervalSince(scene.event.details.eventDate)) < 0.001)
            let stored = try #require(try await scene.database.repository.order(queued.intent.order))
            #expect(order.tickets == stored.tickets.map(\.code))
            try scene.database.sql("UPDATE tickets SET status = 'cancelled' WHERE ticket_code = '\(order.tickets[0])'")
            try scene.database.sql("UPDATE mails SET next_try = now()")
            #expect(
                try await scene.claim().first?.order?.tickets == [order.tickets[1]], "a ticket that is void is not sent"
            )
        }
    }

    @Test func aMailIsClaimedOnceUntilItsTimeIsOver() async throws {
        try await Scene.run { scene in
            _ = try await scene.confirmed()
            #expect(try await scene.claim(hidden: .milliseconds(200)).count == 1)
            #expect(try await scene.claim().isEmpty)
            try await eventually("the mail is free again") { try await scene.claim().map(\.attempts) == [2] }
        }
    }

    @Test func manyThatClaimAtOnceShareTheMails() async throws {
        try await Scene.run { scene in
            try scene.database.sql(
                """
                INSERT INTO mails (kind, user_id) SELECT 'password_reset', '\(scene.user.id)' FROM generate_series(1, 200)
                """)
            let claimed = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<20 { group.addTask { try await scene.claim(10).map(\.id) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(claimed).count == claimed.count)
            #expect(claimed.count == 200)
        }
    }

    /// Somebody waits for it, while a sale's confirmations may take minutes.
    @Test func aPasswordResetIsTakenBeforeAllOthers() async throws {
        try await Scene.run { scene in
            for _ in 0..<3 { _ = try await scene.confirmed() }
            try scene.database.sql(
                """
                INSERT INTO mails (kind, user_id, parameters)
                VALUES ('password_reset', '\(scene.user.id)', '{"token": "t"}')
                """)
            let first = try await scene.claim(2)
            #expect(first.map(\.kind) == [.passwordReset, .orderConfirmed])
            #expect(first.first?.token == "t")
            #expect(try await scene.claim(10).count == 2)
        }
    }

    @Test func aTokenGoesWithTheEndOfItsMailAndNotBefore() async throws {
        let ends: [(MailResult.Outcome, String)] = [
            (.sent, "sent"), (.skipped(code: "overtaken", reason: "r"), "skipped"),
            (.failed(code: "refused", failure: "550", pause: nil), "dead"),
        ]
        for (outcome, state) in ends {
            try await Scene.run { scene in
                try scene.database.sql(
                    """
                    INSERT INTO mails (kind, user_id, parameters)
                    VALUES ('password_reset', '\(scene.user.id)', '{"token": "t", "other": 1}')
                    """)
                let first = try #require(try await scene.claim(hidden: .zero).first)
                try await scene.mails.record([
                    MailResult(first, .failed(code: "deferred", failure: "451", pause: .zero))
                ])
                let second = try #require(try await scene.claim().first)
                #expect(second.token == "t")
                try await scene.mails.record([MailResult(second, outcome)])
                #expect(
                    try scene.database.sql("SELECT state, parameters, sent_at IS NOT NULL FROM mails")
                        == "\(state)|{\"other\": 1}|\(state == "sent" ? "t" : "f")")
                #expect(try await scene.mails.retry(second.id) == false, "it could not say anything any more")
            }
        }
    }

    @Test func aDispatcherThatComesLateChangesNothingButWhatItHasSent() async throws {
        try await Scene.run { scene in
            _ = try await scene.confirmed()
            let late = try #require(try await scene.claim(hidden: .zero).first)
            let current = try #require(try await scene.claim().first)
            try await scene.mails.record([MailResult(late, .failed(code: "refused", failure: "550", pause: nil))])
            #expect(try scene.database.sql("SELECT state, attempts FROM mails") == "waiting|2")
            try await scene.mails.record([MailResult(late, .sent)])
            #expect(try scene.database.sql("SELECT state FROM mails") == "sent")
            try await scene.mails.record([MailResult(current, .failed(code: "refused", failure: "550", pause: nil))])
            #expect(try scene.database.sql("SELECT state FROM mails") == "sent", "states only move forward")
        }
    }

    @Test func operatorsSeeWhatWaitsAndHaveWhatIsDeadTriedAgain() async throws {
        try await Scene.run { scene in
            _ = try await scene.confirmed()
            _ = try await scene.confirmed()
            let claimed = try await scene.claim()
            try await scene.mails.record([
                MailResult(claimed[0], .failed(code: "refused", failure: "550 no such mailbox", pause: nil)),
                MailResult(claimed[1], .failed(code: "deferred", failure: "451 later", pause: .seconds(60))),
            ])
            #expect(try await scene.mails.rows(areDead: false, limit: 10).map(\.isDead) == [true, false])
            let dead = try await scene.mails.rows(areDead: true, limit: 10)
            #expect(dead.map(\.failure) == ["550 no such mailbox"])
            let depth = try await scene.mails.mailDepth()
            #expect(depth.waiting == 1 && depth.dead == 1)
            #expect(try await scene.claim().isEmpty)
            #expect(try await scene.mails.retry(dead[0].id))
            #expect(try await scene.claim().map(\.attempts) == [1])
            #expect(try await scene.mails.retry(Int64.max) == false)
        }
    }

    @Test func ofManyWaitingMailsNoMoreThanTheLimitAreReadToCountThem() async throws {
        try await Scene.run { scene in
            try scene.database.sql(
                """
                INSERT INTO mails (kind, user_id, next_try, created_at)
                SELECT 'order_confirmed', '\(scene.user.id)', time, time
                FROM generate_series(1, \(PostgresMailRepository.countedMails + 1)) AS n,
                     LATERAL (SELECT now() - n * interval '1 second' AS time) t;
                INSERT INTO mails (kind, user_id, next_try, created_at)
                VALUES ('order_confirmed', '\(scene.user.id)', now() + interval '1 hour', now() - interval '1 year')
                """)
            let depth = try await scene.mails.mailDepth()
            #expect(depth.waiting == PostgresMailRepository.countedMails)
            #expect(depth.oldest >= .seconds(PostgresMailRepository.countedMails + 1), "the first due is among them")
            #expect(depth.oldest < .seconds(86_400), "the last due, which is the oldest, is not read")
        }
    }

    @Test func aTicketThatWasReceivedIsFoundByItsCodeUntilItIsHandedOn() async throws {
        try await Scene.run { scene in
            let queued = try await scene.confirmed()
            let order = try #require(try await scene.database.repository.order(queued.intent.order))
            let code = order.tickets[0].code
            try scene.database.sql("DELETE FROM mails")
            try scene.database.sql(
                """
                INSERT INTO mails (kind, user_id, parameters)
                VALUES ('ticket_received', '\(scene.user.id)', '{"ticket": "\(code)"}')
                """)
            let mail = try #require(try await scene.claim(hidden: .zero).first)
            #expect(mail.ticket == code)
            #expect(mail.order?.event == scene.event.details.title)
            try scene.database.sql("UPDATE tickets SET status = 'transferred'")
            let later = try #require(try await scene.claim().first)
            #expect(later.ticket == nil)
        }
    }

    @Test func mailsOfAnAccountOrOrderThatIsGoneAreStillClaimed() async throws {
        try await Scene.run { scene in
            _ = try await scene.confirmed()
            try scene.database.sql("DELETE FROM users")
            let mail = try #require(try await scene.claim().first)
            #expect(mail.recipient == nil)
            #expect(mail.order == nil)
        }
    }

    @Test func aConfirmationIsSentAgainAtMostOnceInAWhile() async throws {
        try await Scene.run { scene in
            let queued = try await scene.confirmed()
            let order = queued.intent.order
            let repository = scene.database.repository
            func resend(by user: UserID? = nil) async throws -> ResendOutcome {
                try await repository.resendConfirmation(of: order, by: user ?? scene.user.id, pause: .seconds(60))
            }
            guard case .waiting = try await resend() else {
                Issue.record("the first one waits")
                return
            }
            #expect(try scene.rows().count == 1)
            let claimed = try await scene.claim()
            try await scene.mails.record(claimed.map { MailResult($0, .sent) })
            guard case .tooSoon(let pause) = try await resend() else {
                Issue.record("the first one was sent a moment ago")
                return
            }
            #expect(pause > .seconds(30) && pause <= .seconds(60))
            try scene.database.sql("UPDATE mails SET created_at = now() - interval '61 seconds'")
            let outcomes = try await withThrowingTaskGroup(of: ResendOutcome.self) { group in
                for _ in 0..<8 { group.addTask { try await resend() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.allSatisfy { if case .waiting = $0 { true } else { false } })
            #expect(try scene.rows().count == 2, "one new one, however many asked")
            #expect(try await resend(by: UserID()) == .notFound)
            let mails = try await repository.mails(of: order)
            #expect(mails.map(\.state) == [.waiting, .sent])
            #expect(mails.map { $0.sentAt != nil } == [false, true])
            let pending = try await scene.order()
            #expect(
                try await repository.resendConfirmation(of: pending.intent.order, by: scene.user.id, pause: .zero)
                    == .notConfirmed)
        }
    }

    @Test func mailsThatEndedLongAgoAreForgotten() async throws {
        try await Scene.run { scene in
            try scene.database.sql(
                """
                INSERT INTO mails (kind, user_id, state, created_at)
                SELECT 'order_confirmed', gen_random_uuid(), state, now() - age * interval '1 day'
                FROM unnest(ARRAY['sent', 'skipped', 'dead', 'waiting']) AS state, unnest(ARRAY[91, 89]) AS age
                """)
            #expect(try await scene.mails.forgetMails(olderThan: .seconds(90 * 86_400)) == 3)
            #expect(try await scene.mails.forgetMails(olderThan: .seconds(90 * 86_400)) == 0)
            #expect(try scene.database.count("mails") == 5)
        }
    }

    /// Taking due mails must not read those that are not, nor the orders, tickets and payments of others: after a sale
    /// there are a million of each.
    @Test func claimingReadsNoTableFromEndToEnd() async throws {
        try await Scene.run { scene in
            _ = try await scene.confirmed()
            try scene.database.sql(
                """
                ALTER TABLE payments DROP CONSTRAINT payments_order_id_fkey;
                INSERT INTO mails (kind, user_id, state) SELECT 'order_confirmed', gen_random_uuid(), 'sent'
                FROM generate_series(1, 20000);
                INSERT INTO payments (order_id, kind, status, amount, currency, reference)
                SELECT gen_random_uuid(), kind, status, 1, 'EUR', '' FROM generate_series(1, 10000),
                    (VALUES ('charge', 'captured'), ('refund', 'refunded')) AS k (kind, status);
                ANALYZE
                """)
            let client = try TestDatabase.client(scene.database.url)
            func scans() throws -> String {
                try scene.database.sql(
                    "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('mails', 'payments')")
            }
            await scene.database.postgres.close()
            await scene.database.lanePostgres.close()
            try await scene.database.waitForEndOfSessions()
            let before = try scans()
            let claimed = try await PostgresMailRepository(postgres: client).claimMails(limit: 16, hidden: .seconds(60))
            #expect(claimed.count == 1)
            await client.close()
            try await scene.database.waitForEndOfSessions()
            #expect(try scans() == before)
        }
    }
}
