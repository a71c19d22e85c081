import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct AdministrationTests {
    /// Each case of `AuditAction` by the action that it stands for.
    @Test func everyActionOfAnAdministratorHasItsLineInTheAuditLog() async throws {
        try await withTickets(2) { sale in
            let (database, repository) = (sale.database, sale.database.repository)
            let admin = try await database.makeUser().id
            let friend = try await database.makeUser()
            let event = try await repository.createEvent(sale.event.details, by: admin)
            _ = try await repository.updateEvent(event.id, by: admin) { $0.title = "Other" }
            _ = try await repository.updateEvent(event.id, by: admin, as: .saleSet) { $0.saleState = .closed }
            _ = try await repository.setImage("https://images.example/x", of: event.id, by: admin)
            #expect(try await repository.deleteEvent(event.id, by: admin) == .deleted)
            #expect(try await sale.tickets.redeem(sale.codes[0], sale.redemption()))
            _ = try await repository.requestRefund(
                RefundRequest(order: sale.order, tickets: [sale.codes[1]], reason: nil, key: nil, actor: admin))
            _ = try await repository.cancelEvent(sale.event.id, reason: nil, by: admin)
            _ = try await repository.changeUser(friend.id, UserChange(name: "Grace"), by: admin)
            _ = try await repository.changeUser(friend.id, UserChange(name: "Grace"), by: admin)
            try await repository.noteExport(.userExported, of: friend.id.description, by: admin)
            try await repository.noteExport(.ordersExported, of: event.id.description, by: admin)
            _ = try await repository.deleteUser(friend.id, by: admin)
            let lines = try database.sql(
                "SELECT action, count(*) FROM audit_log WHERE actor_id IS NOT NULL GROUP BY 1")
            #expect(
                Set(lines.split(separator: "\n").map(String.init))
                    == Set(AuditAction.allCases.map { "\($0.rawValue)|1" }))
        }
    }

    // MARK: - Orders of an event

    @Test func ordersOfAnEventAreListedNewestFirstWithTheirBuyers() async throws {
        try await withDatabase { database async throws in
            let ada = try await database.makeUser("Ada.L@Example.com")
            let bob = try await database.makeUser("bob@example.com")
            let event = try await database.makeEvent(100)
            let other = try await database.makeEvent(100, in: TestDatabase.partitioning.partition(of: event.id))
            let lease = try await database.lease(for: event.id)
            let batch = [QueuedIntent.sample(event.id, ada.id, quantity: 2), .sample(event.id, bob.id)]
            for intent in batch { try await database.commitNew([intent], under: lease) }
            try await database.commitNew([.sample(other.id, ada.id)], under: lease)
            _ = try await database.lanes.settle([.confirmed(batch[0]), .declined(batch[1])], under: lease)

            func list(_ filter: EventOrderFilter = .init()) async throws -> [EventOrder] {
                try await database.repository.orders(of: event.id, matching: filter, after: nil, limit: 10).items
            }
            let all = try await list()
            #expect(all.map(\.email) == ["bob@example.com", "Ada.L@Example.com"])
            #expect(all.map(\.order.status) == [.cancelled, .confirmed])
            #expect(all[1].order.tickets.count == 2)
            #expect(try await list(.init(status: .confirmed)).map(\.email) == ["Ada.L@Example.com"])
            #expect(try await list(.init(status: .refunded)).isEmpty)
            #expect(try await list(.init(email: "ada.l@")).map(\.email) == ["Ada.L@Example.com"])
            #expect(try await list(.init(status: .confirmed, email: "bob")).isEmpty)
            #expect(try await list(.init(email: "%")).isEmpty, "no wildcard")
        }
    }

    @Test func pagesOfOrdersHaveNoGapOrRepetitionInBothDirectionsWhileOthersComeIn() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(1_000)
            let lease = try await database.lease(for: event.id)
            // Orders of one batch have one time, so that the id has to decide.
            let first = QueuedIntent.samples(7, event.id, user.id)
            try await database.commitNew(first, under: lease)
            try await database.commitNew(QueuedIntent.samples(6, event.id, user.id), under: lease)
            let repository = database.repository

            var newest: [OrderID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await repository.orders(of: event.id, matching: .init(), after: cursor, limit: 3)
                newest += page.items.map(\.order.id)
                cursor = page.next.flatMap { PageCursor($0.text) }
                try await database.commitNew([.sample(event.id, user.id)], under: lease)
            } while cursor != nil
            #expect(newest.count == 13)
            #expect(Set(newest).count == 13)
            #expect(Set(newest.suffix(7)) == Set(first.map(\.intent.order)))

            // An export ends with the orders that there were when it began.
            let end = Date()
            try await database.commitNew([.sample(event.id, user.id)], under: lease)
            var exported: [OrderID] = []
            repeat {
                let page = try await repository.orders(
                    of: event.id, matching: .init(), before: end, after: cursor, limit: 3)
                exported += page.items.map(\.order.id)
                cursor = page.next
                try await database.commitNew([.sample(event.id, user.id)], under: lease)
            } while cursor != nil
            #expect(Set(exported).count == exported.count)
            #expect(exported.count == 18)
            #expect(Set(exported.prefix(7)) == Set(first.map(\.intent.order)))
        }
    }

    @Test func aPageOfManyOrdersIsReadFromTheIndex() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100_000)
            try database.sql(
                """
                INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency,
                                           payment_method, status, stream_id, created_at)
                SELECT gen_random_uuid(), '\(user.id)', '\(event.id)', 0, 1, 1, 'EUR', 'pm', 'confirmed', '0-0',
                       now() + n * interval '1 millisecond'
                FROM generate_series(1, 20000) n
                """)
            try database.sql("ANALYZE ticket_orders")
            let place = PageCursor(date: Date(), id: UUID())
            let query = SelectOrdersOfEvent.newest(event.id, matching: .init(), after: place, limit: 21)
            let text = query.text.replacing("$1", with: "'\(event.id)'").replacing("$2", with: "now()")
                .replacing("$3", with: "'\(UUID())'").replacing("$4", with: "21")
            let plan = try database.sql("EXPLAIN \(text)")
            #expect(plan.contains("Index Scan Backward using ticket_orders_of_event"), "\(plan)")
            // An order's own tickets and refunds are sorted; the orders come as they are.
            #expect(plan.split(separator: "SubPlan").first?.contains("Sort") == false, "\(plan)")
        }
    }

    // MARK: - Images and the audit log

    @Test func anImageIsShownAndTheOneBeforeNamed() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let first = try await database.repository.setImage("https://i/1", of: event.id, by: admin.id)
            #expect(first?.event.imageURL == "https://i/1")
            #expect(first?.previous == nil)
            let second = try await database.repository.setImage("https://i/2", of: event.id, by: admin.id)
            #expect(second?.previous == "https://i/1")
            #expect(try await database.repository.event(event.id)?.imageURL == "https://i/2")
            #expect(try database.sql("SELECT revision FROM events") == "1", "nothing that a lane has to bring")
            #expect(try await database.repository.setImage("https://i/3", of: EventID(), by: admin.id) == nil)
            #expect(try database.count("audit_log", where: "action = 'event.image'") == 2)
        }
    }

    @Test func theAuditLogTellsWhoDidWhatWithWhatWasBeforeAndAfter() async throws {
        try await withDatabase { database async throws in
            let ada = try await database.makeUser("ada@example.com")
            let bob = try await database.makeUser()
            let event = try await database.repository.createEvent(.sample(), by: ada.id)
            let other = try await database.repository.createEvent(.sample())
            _ = try await database.repository.updateEvent(event.id, by: bob.id, as: .saleSet) { $0.saleState = .open }
            _ = try await database.repository.updateEvent(event.id, by: ada.id, as: .eventChanged) { $0.title = "New" }

            func lines(_ filter: AuditFilter = .init()) async throws -> [AuditEntry] {
                let page = try await database.repository.auditLog(matching: filter, after: nil, limit: 10)
                return page.items
            }
            let all = try await lines()
            #expect(all.map(\.action) == ["event.update", "event.sale", "event.create", "event.create"])
            #expect(all.map(\.actor) == [ada.id, bob.id, nil, ada.id])
            #expect(all[0].actorEmail == "ada@example.com")
            #expect(all[0].before?.contains("\"title\": \"Concert\"") == true)
            #expect(all[0].after?.contains("\"title\": \"New\"") == true)
            #expect(all[0].after?.contains("venue") == false, "what has not changed is not in it")
            #expect(all[3].before == nil)
            #expect(all[3].after?.contains("\"venue\": \"Hall\"") == true)
            #expect(abs(all[0].at.timeIntervalSinceNow) < 60)
            #expect(try await lines(.init(actor: bob.id)).map(\.action) == ["event.sale"])
            #expect(try await lines(.init(subject: other.id.description)).count == 1)
            #expect(try await lines(.init(subject: event.id.description, action: "event.create")).count == 1)

            var ids: [Int64] = []
            var cursor: Int64?
            repeat {
                let page = try await database.repository.auditLog(matching: .init(), after: cursor, limit: 3)
                ids += page.items.map(\.id)
                cursor = page.next
                _ = try await database.repository.createEvent(.sample())
            } while cursor != nil
            #expect(ids == all.map(\.id))

            try database.sql("DELETE FROM users WHERE id = '\(bob.id)'")
            #expect(try await lines(.init(action: "event.sale")).first?.actor == bob.id, "kept beyond the account")
        }
    }

    @Test func aChangeThatFailsOrChangesNothingLeavesNoLine() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let error = await failure {
                _ = try await database.repository.updateEvent(event.id, by: admin.id) { $0.limitPerBuyer = 0 }
            }
            #expect(error != nil)
            _ = try await database.repository.updateEvent(event.id, by: admin.id) { _ in }
            #expect(try database.count("audit_log") == 1)
            #expect(try database.sql("SELECT revision FROM events") == "1")
        }
    }
}
