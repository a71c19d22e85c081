import Foundation
import HTTPTypes
import InventoryStore
import ObjectStorage
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

/// Who may do what: every route, asked by nobody, by the owner of what it is about, by another user, and by an
/// administrator.
@Suite struct RoleMatrixTests {
    private enum Caller: Int, CaseIterable {
        case nobody, owner, other, administrator
    }

    /// The table. What stands behind a `$` is filled in by the scene, so that the request would succeed for who may
    /// make it.
    private static let table: [(method: HTTPRequest.Method, path: String, body: String?, statuses: [Int])] = [
        (
            .post, "/api/auth/register", #"{"email":"new@example.org","password":"correct horse"}"#,
            [201, 201, 201, 201]
        ),
        (.post, "/api/auth/login", #"{"email":"owner@example.org","password":"correct horse"}"#, [200, 200, 200, 200]),
        (.post, "/api/auth/refresh", #"{"refreshToken":"$refresh"}"#, [200, 200, 200, 200]),
        (.post, "/api/auth/logout", #"{"refreshToken":"$refresh"}"#, [204, 204, 204, 204]),
        (.post, "/api/auth/password-reset", #"{"email":"owner@example.org"}"#, [202, 202, 202, 202]),
        (
            .post, "/api/auth/password-reset/confirm", #"{"token":"$reset","newPassword":"battery staple"}"#,
            [204, 204, 204, 204]
        ),
        (.get, "/api/auth/me", nil, [401, 200, 200, 200]),
        (
            .post, "/api/auth/password", #"{"currentPassword":"correct horse","newPassword":"battery staple"}"#,
            [401, 200, 200, 200]
        ),
        (.get, "/api/auth/sessions", nil, [401, 200, 200, 200]),
        (.delete, "/api/auth/sessions/$session", nil, [401, 204, 404, 404]),
        (.get, "/api/users", nil, [401, 403, 403, 200]),
        (.get, "/api/users/$user", nil, [401, 200, 404, 200]),
        (.patch, "/api/users/$user", #"{"name":"Ada"}"#, [401, 200, 404, 200]),
        (.patch, "/api/users/$user", #"{"role":"admin"}"#, [401, 403, 404, 200]),
        (.delete, "/api/users/$user", nil, [401, 204, 404, 204]),
        (.get, "/api/users/$user/export", nil, [401, 200, 404, 200]),
        (.get, "/api/events", nil, [200, 200, 200, 200]),
        (.get, "/api/events/$event", nil, [200, 200, 200, 200]),
        (
            .post, "/api/events",
            """
            {"title":"T","venue":"V","eventDate":"2030-01-01T20:00:00Z","totalTickets":1,
            "ticketPrice":{"amount":1,"currency":"EUR"}}
            """, [401, 403, 403, 201]
        ),
        (.patch, "/api/events/$event", #"{"title":"T"}"#, [401, 403, 403, 200]),
        (.delete, "/api/events/$unsold", nil, [401, 403, 403, 204]),
        (.post, "/api/events/$event/image", #"{"contentType":"image/png","size":100}"#, [401, 403, 403, 201]),
        (.post, "/api/events/$event/image/complete", #"{"key":"$image"}"#, [401, 403, 403, 200]),
        (.post, "/api/tickets/purchase", #"{"eventId":"$event","quantity":1}"#, [401, 202, 202, 202]),
        (.get, "/api/orders", nil, [401, 200, 200, 200]),
        (.get, "/api/orders/$order", nil, [401, 200, 404, 200]),
        (.post, "/api/orders/recover", #"{"receipt":"$receipt"}"#, [401, 200, 404, 404]),
        (.post, "/api/orders/$queued/cancel", nil, [401, 200, 404, 404]),
        (.post, "/api/orders/$order/refund", nil, [401, 403, 403, 202]),
        (.get, "/api/orders/$order/tickets/print", nil, [401, 200, 404, 200]),
        (.get, "/api/orders/$order/mails", nil, [401, 200, 404, 200]),
        (.post, "/api/orders/$order/mails/resend", nil, [401, 202, 404, 404]),
        (.get, "/api/tickets", nil, [401, 200, 200, 200]),
        (.get, "/api/tickets/$code", nil, [401, 200, 404, 200]),
        (.get, "/api/tickets/$code/print", nil, [401, 200, 404, 200]),
        (.get, "/api/tickets/$code/qr.svg", nil, [401, 200, 404, 200]),
        (.get, "/api/tickets/$code/qr.png", nil, [401, 200, 404, 200]),
        (
            .post, "/api/tickets/$code/redeem", #"{"eventId":"$event","nonce":"0123456789abcdef"}"#,
            [401, 403, 403, 200]
        ),
        (.post, "/api/tickets/$code/transfer", #"{"email":"$friend"}"#, [401, 200, 404, 404]),
        (.post, "/api/admin/events/$event/cancel", nil, [401, 403, 403, 200]),
        (.post, "/api/admin/events/$event/sale", #"{"state":"paused"}"#, [401, 403, 403, 200]),
        (.get, "/api/admin/events/$event/ledger", nil, [401, 403, 403, 200]),
        (.get, "/api/admin/events/$event/orders", nil, [401, 403, 403, 200]),
        (.get, "/api/admin/events/$event/orders.csv", nil, [401, 403, 403, 200]),
        (.get, "/api/admin/audit", nil, [401, 403, 403, 200]),
        // Whoever has Stripe's secret, and nobody here has.
        (.post, "/api/webhooks/stripe", "{}", [400, 400, 400, 400]),
        (.get, "/healthz", nil, [200, 200, 200, 200]),
        (.get, "/readyz", nil, [200, 200, 200, 200]),
        (.get, "/metrics", nil, [200, 200, 200, 200]),
        (.get, "/openapi.yaml", nil, [200, 200, 200, 200]),
        (.get, "/docs", nil, [200, 200, 200, 200]),
    ]

    /// People and what they have.
    private struct Scene {
        let harness: GatewayHarness
        private let tokens: [String?]
        private let values: [(name: String, value: String)]

        init() async throws {
            harness = try await GatewayHarness { $0.sessions.resetAnswerTime = .zero }
            var people: [(id: UserID, token: String, refresh: String)] = []
            for name in ["owner", "other", "admin"] {
                let body = "{\"email\":\"\(name)@example.org\",\"password\":\"correct horse\"}"
                let answer = try await harness.send(.post, "/api/auth/register", body: body)
                let id = (answer.json["user"] as? [String: Any])?["id"] as? String
                people.append(
                    (
                        try #require(id.flatMap { UserID($0) }), try #require(answer.string("token")),
                        try #require(answer.string("refreshToken"))
                    ))
            }
            _ = try await harness.repository.setRole(.admin, email: "admin@example.org")
            let owner = people[0]
            tokens = [nil, owner.token, people[1].token, try harness.token(people[2].id, role: .admin)]

            let event = try await harness.event()
            let queued = try await harness.purchase(event, token: owner.token)
            let order = try await harness.buy(event, by: owner.id)
            let ticket = harness.ticket(of: owner.id, order: order)
            var confirmed = PurchaseTests.order(order, user: owner.id, event: event, status: .confirmed)
            confirmed.tickets = [Ticket(code: ticket.code, status: .valid)]
            harness.repository.put(confirmed)
            try await harness.inventory.publish(
                [SettledOrder(id: order, status: .confirmed, reason: nil, tickets: [ticket.code])], in: order.partition)

            let image = try await harness.send(
                .post, "/api/events/\(event)/image", token: tokens[3],
                body: "{\"contentType\":\"image/png\",\"size\":100}")
            let png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + [UInt8](repeating: 7, count: 92)
            harness.images.put(png, type: "image/png", as: try #require(image.string("key")))
            _ = try await harness.send(.post, "/api/auth/password-reset", body: "{\"email\":\"owner@example.org\"}")
            let session = try #require(try await harness.repository.sessions(of: owner.id).first)

            values = [
                ("$user", owner.id.description), ("$refresh", owner.refresh), ("$session", session.id.uuidString),
                ("$reset", try #require(harness.repository.resetMails.first?.token)),
                ("$event", event.description),
                ("$unsold", try await harness.event(isLoaded: false) { $0.saleState = .closed }.description),
                ("$image", try #require(image.string("key"))), ("$order", order.description),
                ("$queued", try #require(queued.string("orderId"))),
                ("$receipt", try #require(queued.string("receipt"))), ("$code", ticket.code.text),
                ("$friend", try #require(harness.account("Friend").email)),
            ]
        }

        func filled(_ text: String) -> String {
            values.reduce(text) { $0.replacing($1.name, with: $1.value) }
        }

        func answer(
            _ method: HTTPRequest.Method, _ path: String, _ body: String?, by caller: Caller
        ) async throws -> Answer {
            try await harness.send(method, filled(path), token: tokens[caller.rawValue], body: body.map(filled))
        }
    }

    @Test(arguments: table.indices)
    func aRouteAnswersEachAsTheTableSays(_ index: Int) async throws {
        let row = Self.table[index]
        for caller in Caller.allCases {
            // Each has a scene of its own: what one changes or deletes the next would miss.
            let status = try await Scene().answer(row.method, row.path, row.body, by: caller).status
            #expect(status == row.statuses[caller.rawValue], "\(row.method) \(row.path) by \(caller)")
        }
    }

    /// What needs no store: the document, what a signature or a cache answers, and what may fail without anybody's
    /// harm.
    private static let withoutStores: Set = [
        "/api/auth/logout", "/api/webhooks/stripe", "/healthz", "/metrics", "/openapi.yaml", "/docs",
    ]

    @Test(arguments: table.indices)
    func whatIsWrongWithAStoreStaysWithUs(_ index: Int) async throws {
        let row = Self.table[index]
        let scene = try await Scene()
        let secret = "relation \"users\" does not exist at SELECT password_hash FROM users"
        scene.harness.repository.fail(with: RepositoryError(.failed, secret))
        scene.harness.tickets.fail(with: RepositoryError(.failed, secret))
        scene.harness.inventory.fail(with: InventoryError(.unexpectedReply, secret))
        let caller = row.statuses[3] < 300 ? Caller.administrator : .owner
        let answer = try await scene.answer(row.method, row.path, row.body, by: caller)
        #expect(answer.status >= 500 || Self.withoutStores.contains(row.path), "\(row.path): \(answer.status)")
        for word in ["SELECT", "relation", "password_hash", ".swift", "RepositoryError"] {
            #expect(!answer.text.contains(word) || row.path == "/docs" || row.path == "/openapi.yaml", "\(answer.text)")
        }
    }

    @Test func theTableHasEveryRoute() {
        let rows = Set(Self.table.map { "\($0.method) \($0.path.replacing(/\$\w+/, with: "{}"))" })
        let routes = Set(
            RouteTable.standard.routes.map { "\($0.method) \($0.template.replacing(/\{\w+\}/, with: "{}"))" })
        #expect(rows == routes)
    }
}
