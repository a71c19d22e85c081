import Foundation
import HTTPTypes
import InventoryStore
import NIOCore
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

/// How the list of events is searched, and how long events are kept.
@Suite struct EventCatalogTests {
    private static func titles(_ answer: Answer) -> [String] {
        (answer.json["items"] as? [[String: Any]] ?? []).compactMap { $0["title"] as? String }
    }

    private static func catalog(
        _ repository: InMemoryOrderRepository, _ documents: InMemoryDocumentCache? = nil, clock: HandClock? = nil,
        _ change: (inout GatewayLimits) -> Void = { _ in }
    ) -> EventCatalog<InMemoryOrderRepository> {
        var limits = GatewayLimits()
        change(&limits)
        return EventCatalog(
            repository: repository, cache: documents, limits: limits, gate: ConcurrencyGate(limit: 100),
            now: { clock?.now ?? .now })
    }

    private static func title(_ document: CachedDocument?) throws -> String? {
        let body = try #require(document?.body)
        let json = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any]
        return json?["title"] as? String
    }

    @Test(
        arguments: [
            ("q=summer", ["Summer Night", "Summer Opening"]), ("q=%20SUMMER%20%20nig", ["Summer Night"]),
            ("q=x", []), ("q=", ["Summer Night", "Summer Opening", "Winter"]), ("from=2030-06-02", ["Winter"]),
            ("to=2030-06-02", ["Summer Night", "Summer Opening"]),
            ("from=2030-06-01T12:00:00Z&to=2030-06-02&q=summer", ["Summer Opening"]),
            ("from=2030-06-01T14:00:00%2B02:00&to=2030-06-02", ["Summer Opening"]),
        ] as [(String, [String])])
    func theListIsSearchedByWordsAndDates(query: String, expected: [String]) async throws {
        let harness = try await GatewayHarness()
        for (title, date) in [
            ("Summer Night", "2030-06-01T10:00:00Z"), ("Summer Opening", "2030-06-01T20:00:00Z"),
            ("Winter", "2030-12-01T20:00:00Z"),
        ] {
            _ = try await harness.event(isLoaded: false) {
                $0.title = title
                $0.eventDate = Timestamp.parse(date)!
            }
        }
        let answer = try await harness.send(.get, "/api/events?\(query)")
        #expect(answer.status == 200)
        #expect(Self.titles(answer) == expected)
        #expect(answer.headers[.eTag] != nil)
    }

    @Test(
        arguments: [
            ("from=tomorrow", ["from"]), ("from=", ["from"]), ("to=", ["to"]), ("to=2030-02-30", ["to"]),
            ("from=2030-06-02&to=2030-06-01", ["to"]),
            ("from=2030-06-01&to=2030-06-01", ["to"]), ("q=%00", ["q"]), ("q=a%07b", ["q"]),
            ("q=\(String(repeating: "x", count: 161))", ["q"]), ("cursor=1", ["cursor"]), ("limit=0", ["limit"]),
            ("cursor=9223372036854775807.3f2504e0-4f89-41d3-9a0c-0305e82c3301", ["cursor"]),
        ] as [(String, [String])])
    func aBadSearchNamesItsParameters(query: String, fields: [String]) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(.get, "/api/events?\(query)")
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == fields)
    }

    @Test func theSameSearchInOtherLettersIsLoadedOnce() async throws {
        let harness = try await GatewayHarness { $0.limits.eventAge = .seconds(60) }
        for query in ["q=Summer%20Night", "q=summer%20%20night", "q=%20SUMMER%20NIGHT%20"] {
            _ = try await harness.send(.get, "/api/events?\(query)")
        }
        #expect(harness.repository.eventLists == 1)
    }

    @Test func manySearchesPushNoPlainPageOut() async throws {
        let repository = InMemoryOrderRepository()
        let catalog = Self.catalog(repository) {
            $0.eventAge = .seconds(60)
            $0.cachedEvents = 1_000
        }
        _ = try await catalog.page(.init(limit: 20))
        for number in 0..<50 { _ = try await catalog.page(.init(filter: .init(words: "word \(number)"), limit: 20)) }
        #expect(repository.eventLists == 51)
        _ = try await catalog.page(.init(limit: 20))
        #expect(repository.eventLists == 51)
    }

    @Test func gatewaysShareWhatOneOfThemHasRead() async throws {
        let (repository, documents) = (InMemoryOrderRepository(), InMemoryDocumentCache())
        let event = try await repository.createEvent(GatewayHarness.details())
        let catalogs = (0..<5).map { _ in
            Self.catalog(repository, documents) { $0.sharedEventAge = .seconds(60) }
        }
        for catalog in catalogs {
            #expect(try Self.title(try await catalog.event(event.id)) == "Concert")
            _ = try await catalog.page(.init(limit: GatewayLimits().standardPageItems))
        }
        #expect(repository.eventLookups == 1)
        #expect(repository.eventLists == 1)
    }

    @Test func onlyEventsThatExistAndTheFirstPageAreShared() async throws {
        let (repository, documents) = (InMemoryOrderRepository(), InMemoryDocumentCache())
        let event = try await repository.createEvent(GatewayHarness.details())
        let catalog = Self.catalog(repository, documents)
        _ = try await catalog.event(event.id)
        for _ in 0..<10 { #expect(try await catalog.event(EventID()) == nil) }
        let cursor = PageCursor(date: Date(), id: UUID())
        _ = try await catalog.page(.init(limit: 20))
        _ = try await catalog.page(.init(limit: 21))
        _ = try await catalog.page(.init(cursor: cursor, limit: 20))
        _ = try await catalog.page(.init(filter: .init(words: "x"), limit: 20))
        #expect(documents.keys == ["catalog:event:\(event.id)", "catalog:events"])
    }

    @Test func aChangeShowsAtOnceHereAndWithinASecondElsewhere() async throws {
        let clock = HandClock()
        let (repository, documents) = (InMemoryOrderRepository(), InMemoryDocumentCache(now: { clock.now }))
        let event = try await repository.createEvent(GatewayHarness.details())
        let here = Self.catalog(repository, documents, clock: clock)
        let there = Self.catalog(repository, documents, clock: clock)
        for catalog in [here, there] { #expect(try Self.title(try await catalog.event(event.id)) == "Concert") }
        _ = try await repository.updateEvent(event.id, by: UserID()) { $0.title = "New" }
        await here.forget(event.id)
        #expect(try Self.title(try await here.event(event.id)) == "New")
        // By the sum of the two ages, whatever message would get lost: nothing is sent to the other gateway.
        let limits = GatewayLimits()
        #expect(limits.eventAge + limits.sharedEventAge < .seconds(1))
        #expect(try Self.title(try await there.event(event.id)) == "Concert")
        clock.advance(by: limits.eventAge + limits.sharedEventAge)
        #expect(try Self.title(try await there.event(event.id)) == "New")
    }

    @Test func aReadingFromBeforeAChangeIsNotSharedAfterIt() async throws {
        let (repository, documents) = (InMemoryOrderRepository(), InMemoryDocumentCache())
        let event = try await repository.createEvent(GatewayHarness.details())
        let catalog = Self.catalog(repository, documents)
        await catalog.forget(event.id)
        // Another gateway's reading arrives late.
        await documents.keep(Array("{\"title\":\"Old\"}".utf8), as: "catalog:event:\(event.id)", for: .seconds(1))
        #expect(try Self.title(try await catalog.event(event.id)) == "Concert")
    }
}
