import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct EventSearchTests {
    private static func make(
        _ database: TestDatabase, _ title: String, venue: String = "Hall", description: String = "",
        date: Date = .tomorrow
    ) async throws -> EventID {
        var details = EventDetails.sample(date: date)
        details.title = title
        details.venue = venue
        details.description = description
        return try await database.repository.createEvent(details).id
    }

    private static func titles(_ database: TestDatabase, _ filter: EventFilter) async throws -> [String] {
        try await database.repository.events(matching: filter, after: nil, limit: 100).items.map(\.details.title)
            .sorted()
    }

    @Test(
        arguments: [
            ("summer", ["Summer Night", "Summer Opening"]), ("SUMMER nig", ["Summer Night"]),
            ("night summer", ["Summer Night"]), ("umm", []), ("summ night", []),
            ("harbour", ["Summer Night"]), ("salsa", ["Summer Opening"]),
            ("zurich", ["Fête à Zürich"]), ("Zürich", ["Fête à Zürich"]), ("FÊTE", ["Fête à Zürich"]),
            ("fe", ["Fête à Zürich"]), ("ÉTÉ", ["L'été"]), ("l'ete", ["L'été"]), ("foo-bar.com", ["foo-bar.com live"]),
            ("bar.com", ["foo-bar.com live"]), ("фил", ["Филармония"]), ("東京", ["東京 2030"]), ("2030", ["東京 2030"]),
            ("!!!", []), ("& | ! : * ( ) ' \\", []), ("night' | 'summer", ["Summer Night"]),
            ("summer:*", ["Summer Night", "Summer Opening"]), (String(repeating: "x", count: 160), []),
            (String(repeating: "\u{fdfa}", count: 53), []), ("%_", []),
        ] as [(String, [String])])
    func eventsAreFoundByTheirWords(words: String, expected: [String]) async throws {
        try await withDatabase { database async throws in
            _ = try await Self.make(database, "Summer Night", venue: "Old Harbour")
            _ = try await Self.make(database, "Summer Opening", description: "With salsa, and more.")
            _ = try await Self.make(database, "Fête à Zürich")
            _ = try await Self.make(database, "L'été")
            _ = try await Self.make(database, "foo-bar.com live")
            _ = try await Self.make(database, "Филармония")
            _ = try await Self.make(database, "東京 2030")
            #expect(try await Self.titles(database, EventFilter(words: words)) == expected)
        }
    }

    @Test func aRangeHasItsBeginningAndNotItsEnd() async throws {
        try await withDatabase { database async throws in
            let start = Date(timeIntervalSince1970: 1_900_000_000)
            for day in 0..<4 {
                _ = try await Self.make(database, "Day \(day)", date: start + Double(day) * 86_400)
            }
            let (from, to) = (start + 86_400, start + 3 * 86_400)
            #expect(try await Self.titles(database, EventFilter(from: from, to: to)) == ["Day 1", "Day 2"])
            #expect(try await Self.titles(database, EventFilter(from: from)) == ["Day 1", "Day 2", "Day 3"])
            #expect(try await Self.titles(database, EventFilter(to: to)) == ["Day 0", "Day 1", "Day 2"])
            #expect(try await Self.titles(database, EventFilter(words: "day 2", from: from, to: to)) == ["Day 2"])
        }
    }

    @Test func pagesOfASearchHaveNoGapOrRepetitionWhileOthersAreAdded() async throws {
        try await withDatabase { database async throws in
            var wanted: Set<EventID> = []
            for index in 0..<7 {
                let date = Date(timeIntervalSince1970: 1_900_000_000 + Double(index / 3))
                wanted.insert(try await Self.make(database, "Concert \(index)", date: date))
                _ = try await Self.make(database, "Lecture \(index)", date: date)
            }
            let filter = EventFilter(words: "conc", from: Date(timeIntervalSince1970: 1_800_000_000))
            var seen: [EventID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await database.repository.events(matching: filter, after: cursor, limit: 2)
                seen += page.items.map(\.id)
                cursor = page.next.flatMap { PageCursor($0.text) }
                _ = try await Self.make(
                    database, "Concert early", date: Date(timeIntervalSince1970: 1_850_000_000))
            } while cursor != nil
            #expect(seen.count == 7)
            #expect(Set(seen) == wanted)
        }
    }

    @Test func aChangedTextIsFoundByItsNewWordsOnly() async throws {
        try await withDatabase { database async throws in
            let admin = try await database.makeUser()
            let id = try await Self.make(database, "Opera")
            _ = try await database.repository.updateEvent(id, by: admin.id) { $0.title = "Ballet" }
            #expect(try await Self.titles(database, EventFilter(words: "opera")) == [])
            #expect(try await Self.titles(database, EventFilter(words: "ballet")) == ["Ballet"])
        }
    }

    @Test func aSearchAmongManyEventsUsesTheIndex() async throws {
        try await withDatabase { database async throws in
            try database.sql(
                """
                INSERT INTO events (id, partition, title, description, venue, event_date, ticket_price, currency,
                                    total_tickets, available_tickets, limit_per_buyer)
                SELECT gen_random_uuid(), 0, 'Event ' || n, repeat('some words of a text ', 50), 'Hall',
                       now() + n * interval '1 hour', 10, 'EUR', 10, 10, 1
                FROM generate_series(1, 5000) n
                """)
            try database.sql("ANALYZE events")
            let query = SelectEvents.query(matching: EventFilter(words: "event 4711"), after: nil, limit: 21)
            let text = query.text.replacing("$1", with: "'event 4711'").replacing("$2", with: "21")
            let plan = try database.sql("EXPLAIN \(text)")
            #expect(plan.contains("events_search"), "\(plan)")
            // An update of the stock, as each batch makes one, writes no index: the row stays on its page.
            try database.sql("UPDATE events SET available_tickets = 9 WHERE title = 'Event 1'")
            try database.sql("SELECT pg_stat_force_next_flush()")
            #expect(try database.sql("SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'events'") == "1")
        }
    }
}
