import Foundation
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct OrderTests {
    @Test func anOrderIsReadWithItsTicketsOrItsReason() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let batch = [QueuedIntent.sample(event.id, user.id, quantity: 2), .sample(event.id, user.id, quantity: 3)]
            try await database.commitNew(batch, under: lease)
            let pending = try #require(try await database.repository.order(batch[0].intent.order))
            #expect(pending.status == .pending)
            #expect(pending.user == user.id)
            #expect(pending.event == event.id)
            #expect(pending.quantity == 2)
            #expect(pending.total == Money(amount: 9_100, currency: .eur))
            #expect(pending.paymentMethod == .standard)
            #expect(pending.tickets == [])
            #expect(pending.reason == nil)

            let settlement = Settlement.confirmed(batch[0])
            _ = try await database.lanes.settle([settlement, .declined(batch[1])], under: lease)
            let confirmed = try #require(try await database.repository.order(batch[0].intent.order))
            #expect(confirmed.status == .confirmed)
            #expect(Set(confirmed.tickets.map(\.code)) == Set(settlement.order.tickets))
            #expect(confirmed.tickets.allSatisfy { $0.status == .valid })
            #expect(confirmed.createdAt == pending.createdAt)
            #expect(confirmed.updatedAt > pending.updatedAt)
            let cancelled = try #require(try await database.repository.order(batch[1].intent.order))
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.reason == .paymentDeclined)
            #expect(cancelled.tickets == [])
            #expect(try await database.repository.order(.random()) == nil)
        }
    }

    @Test func pagesOfAUsersOrdersAreNewestFirstWithoutGapOrRepetitionWhileNewOnesCome() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let other = try await database.makeUser()
            let event = try await database.makeEvent(1_000)
            let lease = try await database.lease(for: event.id)
            // All orders of a batch have the same time, so that the id has to decide.
            for _ in 0..<3 {
                try await database.commitNew(
                    QueuedIntent.samples(4, event.id, user.id) + [.sample(event.id, other.id)], under: lease)
            }
            let expected = try database.sql(
                "SELECT id FROM ticket_orders WHERE user_id = '\(user.id)' ORDER BY created_at DESC, id DESC")
            var seen: [OrderID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await database.repository.orders(of: user.id, after: cursor, limit: 3)
                seen += page.items.map(\.id)
                cursor = page.next.flatMap { PageCursor($0.text) }
                // Comes before all pages still to be read.
                try await database.commitNew([.sample(event.id, user.id)], under: lease)
            } while cursor != nil
            #expect(seen.map(\.description) == expected.split(separator: "\n").map { String($0) })
        }
    }

    @Test func theLastPageHasNoNext() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            try await database.commitNew(QueuedIntent.samples(3, event.id, user.id), under: lease)
            #expect(try await database.repository.orders(of: user.id, after: nil, limit: 3).next == nil)
            #expect(try await database.repository.orders(of: user.id, after: nil, limit: 2).next != nil)
            #expect(try await database.repository.orders(of: UserID(), after: nil, limit: 2).items == [])
        }
    }

    @Test func aTextThatNoPageGaveIsNoCursor() {
        #expect(PageCursor("") == nil)
        #expect(PageCursor("1700000000000000") == nil)
        #expect(PageCursor("1700000000000000.6ba7b810-9dad-11d1-80b4") == nil)
        #expect(PageCursor("x.6ba7b810-9dad-11d1-80b4-00c04fd430c8") == nil)
        let cursor = PageCursor(date: Date(timeIntervalSince1970: 1_700_000_000.123_456), id: UUID())
        #expect(PageCursor(cursor.text)?.text == cursor.text)
    }
}
