import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import InventoryStore
import NIOCore
import OrderRepository
import Synchronization
import Testing
import Ticketing

@testable import Gateway

/// What only administrators see: orders of an event, their export, the audit log; and changes of the capacity.
@Suite struct AdministrationTests {
    private static func order(
        _ event: EventID, by user: UserID, _ status: OrderStatus = .confirmed, at seconds: Double = 0
    ) -> Order {
        var bytes = UUID().uuid
        bytes.6 = 0x80 | (bytes.6 & 0x0f)
        let date = Date(timeIntervalSince1970: 1_700_000_000 + seconds)
        return Order(
            id: OrderID(UUID(uuid: bytes)), user: user, event: event, quantity: 2,
            total: Money(amount: 9_005, currency: .eur)!, paymentMethod: .standard, status: status,
            reason: status == .cancelled ? .paymentDeclined : nil, tickets: [], createdAt: date, updatedAt: date)
    }

    private static func buyer(_ harness: GatewayHarness, _ email: String, name: String? = nil) async throws -> UserID {
        try await harness.repository.createUser(
            email: EmailAddress(email)!, passwordHash: "-", name: name, role: .user
        ).id
    }

    // MARK: - Orders

    @Test func ordersOfAnEventAreListedWithTheirBuyers() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let ada = try await Self.buyer(harness, "ada@example.org", name: "Ada \"the\" First")
        let bob = try await Self.buyer(harness, "bob@example.org")
        harness.repository.put(Self.order(event, by: ada, at: 1))
        harness.repository.put(Self.order(event, by: bob, .cancelled, at: 2))
        harness.repository.put(Self.order(EventID(), by: bob, at: 3))
        let path = "/api/admin/events/\(event)/orders"
        let token = try harness.token(role: .admin)
        func emails(_ query: String) async throws -> [String] {
            let answer = try await harness.send(.get, path + query, token: token)
            #expect(answer.status == 200)
            return (answer.json["items"] as? [[String: Any]] ?? []).compactMap {
                ($0["buyer"] as? [String: Any])?["email"] as? String
            }
        }
        #expect(try await emails("") == ["bob@example.org", "ada@example.org"])
        #expect(try await emails("?status=confirmed") == ["ada@example.org"])
        #expect(try await emails("?q=BOB@") == ["bob@example.org"])
        #expect(try await emails("?q=bob&status=confirmed") == [])
        let first = try await harness.send(.get, path + "?limit=1", token: token)
        let item = try #require((first.json["items"] as? [[String: Any]])?.first)
        #expect(item["status"] as? String == "cancelled")
        #expect((item["failure"] as? [String: Any])?["code"] as? String == "payment_declined")
        let next = try #require(first.string("nextCursor"))
        #expect(try await emails("?limit=1&cursor=\(next)") == ["ada@example.org"])
        let ofAda = try await harness.send(.get, path + "?q=ada", token: token)
        let buyer = (ofAda.json["items"] as? [[String: Any]])?.first?["buyer"] as? [String: Any]
        #expect(buyer?["name"] as? String == "Ada \"the\" First")
        #expect(buyer?["id"] as? String == ada.description)
    }

    @Test(
        arguments: [
            ("status=sold", ["status"]), ("q=%00", ["q"]), ("cursor=x", ["cursor"]), ("limit=101", ["limit"]),
        ] as [(String, [String])])
    func aBadQueryNamesItsParameters(query: String, fields: [String]) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let answer = try await harness.send(
            .get, "/api/admin/events/\(event)/orders?\(query)", token: harness.token(role: .admin))
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == fields)
    }

    @Test func ordersOfAnUnknownEventAreNotFound() async throws {
        let harness = try await GatewayHarness()
        for path in ["orders", "orders.csv"] {
            try await harness.send(
                .get, "/api/admin/events/\(EventID())/\(path)", token: harness.token(role: .admin)
            ).expectProblem(.eventNotFound)
        }
    }

    // MARK: - Export

    @Test func theExportIsCSVThatSpreadsheetsTakeForText() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let ada = try await Self.buyer(harness, "+ada@example.org", name: "=HYPERLINK(\"http://x\",\"y\")")
        let bob = try await Self.buyer(harness, "bob@example.org", name: "Bob, the \"second\"\nof his name")
        harness.repository.put(Self.order(event, by: ada, at: 1))
        harness.repository.put(Self.order(event, by: bob, .cancelled, at: 2))
        let answer = try await harness.send(
            .get, "/api/admin/events/\(event)/orders.csv", token: harness.token(role: .admin))
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/csv; charset=utf-8; header=present")
        #expect(answer.headers[.contentDisposition] == "attachment; filename=\"orders-\(event).csv\"")
        let lines = answer.text.components(separatedBy: "\r\n")
        #expect(lines.count == 4)
        #expect(lines.last == "")
        #expect(
            lines[0] == "order_id,created_at,updated_at,status,reason,quantity,amount,currency,payment_method,"
                + "buyer_id,buyer_email,buyer_name")
        #expect(
            lines[1].hasSuffix(
                ",2023-11-14T22:13:21.000Z,2023-11-14T22:13:21.000Z,confirmed,,2,90.05,EUR,pm_accepted,\(ada),"
                    + "'+ada@example.org,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""))
        #expect(
            lines[2].hasSuffix(
                ",cancelled,payment_declined,2,90.05,EUR,pm_accepted,\(bob),bob@example.org,"
                    + "\"Bob, the \"\"second\"\"\nof his name\""))
        let some = try await harness.send(
            .get, "/api/admin/events/\(event)/orders.csv?status=cancelled", token: harness.token(role: .admin))
        #expect(some.text.components(separatedBy: "\r\n").count == 3)
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"])
    func everyBeginningOfAFormulaIsGuarded(_ text: String) {
        var buffer = ByteBuffer()
        buffer.writeCSV([text, "1=1", "a-b"])
        let line = String(buffer: buffer)
        #expect(line.hasPrefix("'") || line.hasPrefix("\"'"))
        #expect(line.hasSuffix(",1=1,a-b\r\n"))
    }

    /// Takes parts of a body when it is told to, as a slow client does.
    private final class SlowClient: Sendable {
        struct State {
            var parts: [Int] = []
            var lines = 0
            var pagesAhead = 0
        }
        let state = Mutex(State())
    }

    private struct SlowWriter: ResponseBodyWriter {
        let client: SlowClient
        let repository: InMemoryOrderRepository

        mutating func write(_ buffer: ByteBuffer) async throws {
            // The reader of pages has every opportunity to run ahead.
            for _ in 0..<20 { await Task.yield() }
            client.state.withLock { state in
                state.parts.append(buffer.readableBytes)
                state.lines += buffer.readableBytesView.count { $0 == UInt8(ascii: "\n") }
                state.pagesAhead = max(state.pagesAhead, repository.exportedPages - state.parts.count)
            }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    @Test func tenThousandOrdersGoOutPageByPageAsTheClientTakesThem() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let buyer = try await Self.buyer(harness, "ada@example.org")
        for number in 0..<10_000 { harness.repository.put(Self.order(event, by: buyer, at: Double(number / 3))) }
        var limits = GatewayLimits()
        limits.exportPageOrders = 2_500
        let response = try await OrderExport(repository: harness.repository, limits: limits)
            .response(of: event, matching: .init())
        #expect(harness.repository.exportedPages == 1)
        let client = SlowClient()
        try await response.body.write(SlowWriter(client: client, repository: harness.repository))
        let state = client.state.withLock { $0 }
        #expect(state.lines == 10_001)
        #expect(state.parts.count == 4)
        #expect(state.pagesAhead == 0, "a page is read when the one before it was taken")
        #expect(state.parts.allSatisfy { $0 < 2_501 * 250 })
    }

    // MARK: - Audit log

    @Test func everyActionOfAnAdministratorIsInTheAuditLog() async throws {
        let harness = try await GatewayHarness()
        let admin = try await harness.repository.createUser(
            email: EmailAddress("root@example.org")!, passwordHash: "-", name: nil, role: .admin)
        let token = try harness.token(admin.id, role: .admin)
        let made = try await harness.send(
            .post, "/api/events", token: token,
            body: """
                {"title":"A","venue":"B","eventDate":"2030-05-01T20:00:00Z","totalTickets":5,
                "ticketPrice":{"amount":1,"currency":"EUR"}}
                """)
        let id = try #require(made.string("id"))
        _ = try await harness.send(.patch, "/api/events/\(id)", token: token, body: "{\"totalTickets\":7}")
        _ = try await harness.send(.post, "/api/admin/events/\(id)/sale", token: token, body: "{\"state\":\"open\"}")
        let answer = try await harness.send(.get, "/api/admin/audit?subject=\(id)", token: token)
        #expect(answer.status == 200)
        let items = try #require(answer.json["items"] as? [[String: Any]])
        #expect(items.compactMap { $0["action"] as? String } == ["event.sale", "event.update", "event.create"])
        #expect(
            items.allSatisfy { $0["actor"] as? [String: String] == ["id": "\(admin.id)", "email": "root@example.org"] })
        #expect((items[1]["before"] as? [String: Any])?["total_tickets"] as? Int == 5)
        #expect((items[1]["after"] as? [String: Any])?["total_tickets"] as? Int == 7)
        #expect(items[2]["before"] == nil)
        #expect(items.allSatisfy { $0["at"] is String && $0["subject"] as? String == id })

        let page = try await harness.send(.get, "/api/admin/audit?limit=2", token: token)
        let next = try #require(page.string("nextCursor"))
        let rest = try await harness.send(.get, "/api/admin/audit?limit=2&cursor=\(next)", token: token)
        #expect((rest.json["items"] as? [[String: Any]])?.count == 1)
        #expect(rest.json["nextCursor"] == nil)
        for (query, count) in [
            ("actor=\(admin.id)", 3), ("actor=\(UserID())", 0), ("action=event.sale", 1), ("action=x", 0),
        ] {
            let found = try await harness.send(.get, "/api/admin/audit?\(query)", token: token)
            #expect((found.json["items"] as? [[String: Any]])?.count == count, "\(query)")
        }
        for (query, field) in [
            ("actor=x", "actor"), ("actor=", "actor"), ("cursor=x", "cursor"), ("limit=0", "limit"),
            ("action=%00", "action"),
        ] {
            let answer = try await harness.send(.get, "/api/admin/audit?\(query)", token: token)
            answer.expectProblem(.validationFailed)
            #expect(answer.fields == [field])
        }
    }

    // MARK: - Capacity

    @Test func aCapacityBelowWhatIsInFlightIsRefusedWithTheLowestThatIsPossible() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let token = try harness.token(role: .admin)
        // Accepted by Redis; Postgres knows nothing of it.
        _ = try await harness.buy(event, quantity: 8, by: UserID())
        _ = try await harness.buy(event, quantity: 4, by: UserID())
        let answer = try await harness.send(
            .patch, "/api/events/\(event)", token: token, body: "{\"totalTickets\":11,\"title\":\"New\"}")
        answer.expectProblem(.capacityBelowSold)
        #expect(answer.fields == ["totalTickets"])
        #expect(answer.text.contains("must be at least 12"))
        #expect(try await harness.repository.event(event)?.details.title == "Concert")
        for capacity in [12, 200] {
            let changed = try await harness.send(
                .patch, "/api/events/\(event)", token: token, body: "{\"totalTickets\":\(capacity)}")
            #expect(changed.int("totalTickets") == capacity)
        }
    }

    @Test func withoutRedisACapacityIsNotCutButEverythingElseIsChanged() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let token = try harness.token(role: .admin)
        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        let path = "/api/events/\(event)"
        let cut = try await harness.send(.patch, path, token: token, body: "{\"totalTickets\":99}")
        cut.expectProblem(.overloaded)
        #expect(cut.headers[.retryAfter] == "1")
        for body in ["{\"totalTickets\":100}", "{\"totalTickets\":101}", "{\"title\":\"New\"}"] {
            #expect(try await harness.send(.patch, path, token: token, body: body).status == 200)
        }
        try await harness.send(
            .patch, "/api/events/\(EventID())", token: token, body: "{\"totalTickets\":1}"
        ).expectProblem(.eventNotFound)
    }

    @Test func aTextThatPostgresCannotKeepIsRefused() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        for field in ["title", "venue", "description"] {
            let answer = try await harness.send(
                .patch, "/api/events/\(event)", token: harness.token(role: .admin), body: "{\"\(field)\":\"a\\u0000b\"}"
            )
            answer.expectProblem(.validationFailed)
            #expect(answer.fields == [field])
        }
    }
}
