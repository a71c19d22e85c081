import Foundation
import HTTPTypes
import InventoryStore
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct EventTests {
    private static let draft = """
        {"title":"Concert","venue":"Hall","eventDate":"2030-05-01T20:00:00+02:00","totalTickets":500,
        "ticketPrice":{"amount":4500,"currency":"EUR"},"saleOpensAt":"2030-01-01T10:00:00Z"}
        """

    @Test func anAdministratorMakesAnEventThatEverybodySees() async throws {
        let harness = try await GatewayHarness()
        let made = try await harness.send(.post, "/api/events", token: harness.token(role: .admin), body: Self.draft)
        #expect(made.status == 201)
        let id = try #require(made.string("id"))
        #expect(made.headers[.location] == "/api/events/\(id)")
        let seen = try await harness.send(.get, "/api/events/\(id)")
        #expect(seen.status == 200)
        #expect(seen.string("title") == "Concert")
        #expect(seen.string("description") == "")
        #expect(seen.string("eventDate") == "2030-05-01T18:00:00.000Z")
        #expect(seen.money("ticketPrice") == "4500 EUR")
        #expect(seen.int("totalTickets") == 500)
        #expect(seen.int("availableTickets") == 500)
        #expect(seen.int("limitPerBuyer") == 10)
        #expect(seen.string("saleOpensAt") == "2030-01-01T10:00:00.000Z")
        #expect(seen.string("saleState") == "scheduled")
        #expect(seen.json["saleClosesAt"] == nil)
        #expect(seen.headers[.cacheControl] == "public, max-age=1")
    }

    @Test func anEventHasATagAndIsNotSentTwice() async throws {
        let harness = try await GatewayHarness { $0.limits.eventAge = .seconds(60) }
        let event = try await harness.event(isLoaded: false)
        let first = try await harness.send(.get, "/api/events/\(event)")
        let tag = try #require(first.headers[.eTag])
        let second = try await harness.send(.get, "/api/events/\(event)", headers: [.ifNoneMatch: tag])
        #expect(second.status == 304)
        #expect(second.text.isEmpty)
        #expect(harness.repository.eventLookups == 1)
    }

    @Test(arguments: ["x", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"])
    func anUnknownEventIsNotFound(_ id: String) async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.get, "/api/events/\(id)").expectProblem(.eventNotFound)
    }

    @Test func eventsAreListedByDateInPages() async throws {
        let harness = try await GatewayHarness()
        for day in [3, 1, 2] {
            _ = try await harness.event(isLoaded: false) {
                $0.title = "Day \(day)"
                $0.eventDate = Date(timeIntervalSince1970: Double(day) * 86_400)
            }
        }
        let first = try await harness.send(.get, "/api/events?limit=2")
        let titles = (first.json["items"] as? [[String: Any]])?.compactMap { $0["title"] as? String }
        #expect(titles == ["Day 1", "Day 2"])
        let next = try await harness.send(
            .get, "/api/events?limit=2&cursor=\(try #require(first.string("nextCursor")))")
        #expect((next.json["items"] as? [[String: Any]])?.count == 1)
        #expect(next.json["nextCursor"] == nil)
        let same = try await harness.send(
            .get, "/api/events?limit=2", headers: [.ifNoneMatch: try #require(first.headers[.eTag])])
        #expect(same.status == 304)
    }

    @Test(
        arguments: [
            ("{}", ["title", "venue", "eventDate", "ticketPrice", "totalTickets"]),
            (draft.replacing("\"totalTickets\":500", with: "\"totalTickets\":\"many\""), ["totalTickets"]),
            (draft.replacing("\"totalTickets\":500", with: "\"totalTickets\":-1"), ["totalTickets"]),
            (draft.replacing("\"totalTickets\":500", with: "\"totalTickets\":1.5"), ["totalTickets"]),
            (draft.replacing("EUR", with: "XXX"), ["ticketPrice.currency"]),
            (draft.replacing("4500", with: "-1"), ["ticketPrice.amount"]),
            (draft.replacing("4500", with: "45.5"), ["ticketPrice.amount"]),
            (draft.replacing("4500", with: "\"45\""), ["ticketPrice.amount"]),
            (draft.replacing("2030-05-01T20", with: "2030-02-30T20"), ["eventDate"]),
            (draft.replacing("Concert", with: String(repeating: "x", count: 201)), ["title"]),
            (draft.dropLast() + ",\"saleClosesAt\":\"2029-01-01T00:00:00Z\"}", ["saleClosesAt"]),
            (draft.dropLast() + ",\"saleState\":\"ajar\"}", ["saleState"]),
        ] as [(String, [String])])
    func aBadEventNamesItsFields(body: String, fields: [String]) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(.post, "/api/events", token: harness.token(role: .admin), body: body)
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == fields)
    }

    @Test func aChangeTouchesOnlyWhatItNames() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false) {
            $0.saleOpensAt = Date(timeIntervalSince1970: 1_800_000_000)
        }
        let token = try harness.token(role: .admin)
        // A copy is in the cache when the change is made.
        _ = try await harness.send(.get, "/api/events/\(event)")
        let changed = try await harness.send(
            .patch, "/api/events/\(event)", token: token, body: "{\"title\":\"New\",\"saleOpensAt\":null}")
        #expect(changed.status == 200)
        let seen = try await harness.send(.get, "/api/events/\(event)")
        #expect(seen.string("title") == "New")
        #expect(seen.string("venue") == "Hall")
        #expect(seen.json["saleOpensAt"] == nil)
    }

    @Test func aChangeThatBreaksARuleChangesNothing() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false) {
            $0.saleOpensAt = Date(timeIntervalSince1970: 1_800_000_000)
        }
        let answer = try await harness.send(
            .patch, "/api/events/\(event)", token: harness.token(role: .admin),
            body: "{\"title\":\"New\",\"saleClosesAt\":\"2001-01-01T00:00:00Z\"}")
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["saleClosesAt"])
        #expect(try await harness.send(.get, "/api/events/\(event)").string("title") == "Concert")
    }

    @Test func aCapacityBelowWhatIsSoldIsRefused() async throws {
        let harness = try await GatewayHarness()
        var event = try await harness.repository.createEvent(GatewayHarness.details())
        event.availableTickets = 40
        harness.repository.put(event)
        let path = "/api/events/\(event.id)"
        let token = try harness.token(role: .admin)
        try await harness.send(.patch, path, token: token, body: "{\"totalTickets\":59}")
            .expectProblem(.capacityBelowSold)
        #expect(try await harness.send(.patch, path, token: token, body: "{\"totalTickets\":60}").status == 200)
    }

    @Test(arguments: ["open", "paused", "closed"])
    func aSaleIsOpenedPausedAndClosed(_ state: String) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false) { $0.saleState = .scheduled }
        let answer = try await harness.send(
            .post, "/api/admin/events/\(event)/sale", token: harness.token(role: .admin),
            body: "{\"state\":\"\(state)\"}")
        #expect(answer.status == 200)
        #expect(answer.string("saleState") == state)
        #expect(try await harness.repository.event(event)?.details.saleState.rawValue == state)
    }

    @Test(arguments: ["{}", "{\"state\":\"scheduled\"}", "{\"state\":\"ajar\"}", "{\"state\":1}"])
    func anotherStateIsRefused(_ body: String) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let answer = try await harness.send(
            .post, "/api/admin/events/\(event)/sale", token: harness.token(role: .admin), body: body)
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["state"])
    }

    @Test func theLedgerShowsBothStores() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        _ = try await harness.buy(event, quantity: 3, by: UserID())
        let path = "/api/admin/events/\(event)/ledger"
        let token = try harness.token(role: .admin)
        let answer = try await harness.send(.get, path, token: token)
        #expect(answer.int("capacity") == 100)
        #expect(
            answer.json["postgres"] as? [String: Int] == ["available": 100, "pending": 0, "sold": 0, "cancelled": 0])
        #expect(answer.json["redis"] as? [String: Int] == ["available": 97, "inFlight": 3, "epoch": 1])
        #expect(answer.json["balanced"] as? Bool == true)

        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        let alone = try await harness.send(.get, path, token: token)
        #expect(alone.status == 200)
        #expect(alone.json["redis"] is NSNull || alone.json["redis"] == nil)

        try await harness.send(.get, "/api/admin/events/\(EventID())/ledger", token: token).expectProblem(
            .eventNotFound)
    }

    @Test func onlyAdministratorsManageEvents() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let token = try harness.token()
        let requests: [(HTTPRequest.Method, String)] = [
            (.post, "/api/events"), (.patch, "/api/events/\(event)"), (.post, "/api/admin/events/\(event)/sale"),
            (.get, "/api/admin/events/\(event)/ledger"), (.get, "/api/admin/events/\(event)/orders"),
            (.get, "/api/admin/events/\(event)/orders.csv"), (.get, "/api/admin/audit"),
            (.post, "/api/events/\(event)/image"), (.post, "/api/events/\(event)/image/complete"),
        ]
        for (method, path) in requests {
            try await harness.send(method, path, token: token, body: Self.draft).expectProblem(.forbidden)
            try await harness.send(method, path, body: Self.draft).expectProblem(.unauthenticated)
        }
    }
}
