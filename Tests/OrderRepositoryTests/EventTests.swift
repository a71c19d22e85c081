import Foundation
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct EventTests {
    @Test func anEventIsReadAsItWasWritten() async throws {
        try await withDatabase { database async throws in
            var details = EventDetails.sample(capacity: 250, limit: 4)
            details.saleOpensAt = Date(timeIntervalSince1970: 1_800_000_000.125)
            details.saleClosesAt = Date(timeIntervalSince1970: 1_800_003_600)
            details.eventDate = Date(timeIntervalSince1970: 1_800_086_400)
            details.saleState = .paused
            let event = try await database.repository.createEvent(details)
            #expect(event.details == details)
            #expect(event.availableTickets == 250)
            #expect(try await database.repository.event(event.id) == event)
            #expect(try await database.repository.event(EventID()) == nil)
            let partition = TestDatabase.partitioning.partition(of: event.id)
            #expect(try database.sql("SELECT partition FROM events") == "\(partition.number)")
            #expect(try database.sql("SELECT ticket_price FROM events") == "45.50")
        }
    }

    @Test func pagesOfEventsAreInOrderOfDateWithoutGapOrRepetitionWhileOthersAreAdded() async throws {
        try await withDatabase { database async throws in
            // Several on the very same date, so that the id has to decide.
            let dates = (0..<9).map { Date(timeIntervalSince1970: 1_800_000_000 + Double($0 / 3) * 0.000_001) }
            var created: [Event] = []
            for date in dates.shuffled() { created.append(try await database.makeEvent(1, date: date)) }
            var seen: [Event] = []
            var cursor: PageCursor?
            repeat {
                let page = try await database.repository.events(matching: .all, after: cursor, limit: 2)
                #expect(page.items.count <= 2)
                seen += page.items
                // The cursor survives the way through its text, as it goes through a client.
                cursor = page.next.flatMap { PageCursor($0.text) }
                // Comes before all pages still to be read.
                _ = try await database.makeEvent(1, date: Date(timeIntervalSince1970: 1_700_000_000))
            } while cursor != nil
            #expect(
                seen.map(\.id)
                    == created.sorted {
                        ($0.details.eventDate, $0.id.description) < ($1.details.eventDate, $1.id.description)
                    }.map(\.id))
        }
    }

    @Test func anUpdateMovesTheStockByTheDifferenceAndIsAudited() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            try await database.commitNew([.sample(event.id, admin.id, quantity: 30)], under: lease)
            let updated = try await database.repository.updateEvent(event.id, by: admin.id) {
                $0.totalTickets = 80
                $0.title = "Moved"
                $0.saleState = .open
            }
            #expect(updated?.availableTickets == 50)
            #expect(updated?.details.title == "Moved")
            #expect(updated?.details.saleState == .open)
            #expect(try await database.repository.event(event.id) == updated)
            #expect(try database.sql("SELECT revision FROM events") == "2")
            let audit = try database.sql(
                "SELECT actor_id, action, subject, before->>'total_tickets', after->>'total_tickets', before ? 'venue' FROM audit_log "
                    + "WHERE action <> 'event.create'")
            #expect(audit == "\(admin.id)|event.update|\(event.id)|100|80|f")
            #expect(try await database.repository.updateEvent(EventID(), by: admin.id) { _ in } == nil)
        }
    }

    @Test func aCapacityBelowWhatIsTakenIsRefusedAndChangesNothing() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            try await database.commitNew([.sample(event.id, admin.id, quantity: 30)], under: lease)
            let error = await failure {
                _ = try await database.repository.updateEvent(event.id, by: admin.id) { $0.totalTickets = 29 }
            }
            #expect(error?.code == .capacityBelowSold)
            #expect(try await database.repository.event(event.id)?.details.totalTickets == 100)
            #expect(try database.count("audit_log", where: "action = 'event.update'") == 0)
            let least = try await database.repository.updateEvent(event.id, by: admin.id) { $0.totalTickets = 30 }
            #expect(least?.availableTickets == 0)
        }
    }

    @Test func updatesOfOneEventAtOnceAllTakeEffect() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let event = try await database.makeEvent(100)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        _ = try await database.repository.updateEvent(event.id, by: admin.id) { $0.totalTickets += 5 }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.available(event.id) == 140)
            #expect(try database.sql("SELECT revision FROM events") == "9")
        }
    }

    @Test func theLedgerCountsEachUnitOnce() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let batch = (1...4).map { QueuedIntent.sample(event.id, user.id, quantity: $0) }
            try await database.commitNew(batch, under: lease)
            _ = try await database.lanes.settle([.confirmed(batch[1]), .declined(batch[2])], under: lease)
            let ledger = try #require(try await database.repository.ledger(of: event.id))
            #expect(
                ledger == EventLedger(capacity: 100, available: 93, pending: 5, sold: 2, cancelled: 3, returning: 3))
            #expect(ledger.isBalanced)
            try database.sql("UPDATE events SET available_tickets = available_tickets - 1")
            #expect(try await database.repository.ledger(of: event.id)?.isBalanced == false)
            #expect(try await database.repository.ledger(of: EventID()) == nil)
        }
    }
}
