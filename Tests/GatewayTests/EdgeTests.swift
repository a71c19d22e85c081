import Foundation
import HTTPTypes
import InventoryStore
import Observability
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

/// What every route has in common: problems, limits, CORS, health and metrics.
@Suite struct EdgeTests {
    @Test(arguments: ["/", "/nowhere", "/api", "/api/events/x/y", "/api/orders/x/y", "/api/tickets/purchase/x"])
    func anUnknownPathIsNotFound(_ path: String) async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.get, path).expectProblem(.notFound)
    }

    @Test(
        arguments: [
            (.delete, "/api/tickets/purchase", "POST"), (.delete, "/api/events", "GET, POST"),
            (.put, "/api/events/x", "GET, PATCH, DELETE"), (.post, "/api/orders/x", "GET"), (.post, "/healthz", "GET"),
            (.get, "/api/orders/recover", "POST"), (.get, "/api/tickets/purchase", "POST"),
        ] as [(HTTPRequest.Method, String, String)])
    func aWrongMethodIsToldTheRightOnes(method: HTTPRequest.Method, path: String, allow: String) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(method, path)
        answer.expectProblem(.methodNotAllowed)
        #expect(answer.headers[.allow] == allow)
    }

    @Test(arguments: ["/api/auth/register", "/api/auth/login", "/api/tickets/purchase", "/api/events"])
    func aBodyAboveTheLimitIsTooLargeWithAndWithoutAnAnnouncedLength(_ path: String) async throws {
        let harness = try await GatewayHarness()
        let body = "{\"x\":\"" + String(repeating: "x", count: 70_000) + "\"}"
        try await harness.send(.post, path, token: harness.token(role: .admin), body: body).expectProblem(.bodyTooLarge)
    }

    @Test func anErrorThatNobodyExpectedIsAProblemWithoutItsText() async throws {
        let harness = try await GatewayHarness()
        harness.repository.fail(with: RepositoryError(.failed, "relation \"secret_table\" does not exist"))
        let answer = try await harness.send(.get, "/api/orders", token: harness.token())
        answer.expectProblem(.internalError)
        #expect(!answer.text.contains("secret_table"))
    }

    @Test func aGatewayWithTooMuchToDoSaysSo() async throws {
        let harness = try await GatewayHarness { $0.limits.requestsInFlight = 0 }
        let answer = try await harness.send(.get, "/healthz")
        answer.expectProblem(.overloaded)
        #expect(answer.headers[.retryAfter] == "1")
    }

    @Test func everyRouteInTheTableIsAnswered() async throws {
        let harness = try await GatewayHarness()
        for route in RouteTable.standard.routes {
            let path = route.template.replacing("{id}", with: EventID().description).replacing("{code}", with: "x")
            let answer = try await harness.send(
                route.method, path, token: harness.token(role: .admin), body: route.method == .get ? nil : "{}")
            #expect(answer.code != "not_found" && answer.code != "method_not_allowed", "\(route)")
        }
        let text = String(decoding: harness.registry.render(), as: UTF8.self)
        for route in RouteTable.standard.routes {
            let labels = "method=\"\(route.method.rawValue)\",route=\"\(route.template)\""
            #expect(
                text.split(separator: "\n").contains {
                    $0.hasPrefix("onsale_http_request_duration_seconds_count{\(labels)}") && $0.hasSuffix(" 1")
                }, "\(route)")
        }
    }

    // MARK: - CORS

    @Test func aPageOfAnAllowedOriginMayCall() async throws {
        let harness = try await GatewayHarness { $0.corsOrigins = ["https://tickets.example"] }
        let preflight = try await harness.send(
            .options, "/api/tickets/purchase",
            headers: [.origin: "https://tickets.example", .accessControlRequestMethod: "POST"])
        #expect(preflight.status == 204)
        #expect(preflight.headers[.accessControlAllowOrigin] == "https://tickets.example")
        #expect(preflight.headers[.accessControlAllowHeaders]?.contains("Idempotency-Key") == true)
        // The session's cookie is for our own pages: it is this field that keeps others from it.
        #expect(preflight.headers[.accessControlAllowHeaders]?.lowercased().contains("x-onsale-session") == false)
        #expect(preflight.headers[.accessControlAllowMethods]?.contains("POST") == true)
        let answer = try await harness.send(.get, "/api/events", headers: [.origin: "https://tickets.example"])
        #expect(answer.headers[.accessControlAllowOrigin] == "https://tickets.example")
        #expect(answer.headers[.vary]?.contains("Origin") == true)
        let problem = try await harness.send(
            .post, "/api/tickets/purchase", headers: [.origin: "https://tickets.example"])
        problem.expectProblem(.unauthenticated)
        #expect(problem.headers[.accessControlAllowOrigin] == "https://tickets.example")
    }

    @Test(arguments: [[], ["https://tickets.example"]])
    func aPageOfAnotherOriginMayNot(_ origins: [String]) async throws {
        let harness = try await GatewayHarness { $0.corsOrigins = origins }
        let preflight = try await harness.send(
            .options, "/api/events", headers: [.origin: "https://evil.example", .accessControlRequestMethod: "GET"])
        #expect(preflight.status == 405)
        #expect(preflight.headers[.accessControlAllowOrigin] == nil)
        let answer = try await harness.send(.get, "/api/events", headers: [.origin: "https://evil.example"])
        #expect(answer.headers[.accessControlAllowOrigin] == nil)
    }

    // MARK: - Operations

    @Test func aGatewayIsReadyWhileBothStoresAnswer() async throws {
        let harness = try await GatewayHarness { $0.limits.readinessAge = .zero }
        let ready = try await harness.send(.get, "/readyz")
        #expect(ready.status == 200)
        #expect(ready.string("status") == "ready")

        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        let withoutPostgres = try await harness.send(.get, "/readyz")
        #expect(withoutPostgres.status == 503)
        #expect((withoutPostgres.json["postgres"] as? [String: String])?["status"] == "down")
        #expect((withoutPostgres.json["redis"] as? [String: String])?["status"] == "up")
        #expect(try await harness.send(.get, "/healthz").status == 200)

        harness.repository.fail(with: nil)
        harness.inventory.fail(with: InventoryError(.unavailable, "away"))
        #expect(try await harness.send(.get, "/readyz").status == 503)
        harness.inventory.fail(with: nil)

        harness.gateway.readiness.stop()
        let stopping = try await harness.send(.get, "/readyz")
        #expect(stopping.status == 503)
        #expect(stopping.string("status") == "stopping")
    }

    @Test func metricsCountWhatHappened() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event { $0.totalTickets = 1 }
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        try await harness.purchase(event, token: harness.token()).expectProblem(.soldOut)
        _ = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        let answer = try await harness.send(.get, "/metrics")
        #expect(answer.headers[.contentType]?.hasPrefix("text/plain") == true)
        let lines = answer.text.split(separator: "\n")
        let expected = [
            "onsale_purchases_accepted_total 1", "onsale_purchases_refused_total{code=\"sold_out\"} 1",
            "onsale_order_polls_total{result=\"pending\"} 1",
            "onsale_backlog{partition=\"\(order.partition.number)\"} 1", "onsale_long_polls 0",
            "onsale_requests_in_flight 1",
            "onsale_http_requests_total{method=\"POST\",route=\"/api/tickets/purchase\",status=\"2xx\"} 1",
            "onsale_http_requests_total{method=\"POST\",route=\"/api/tickets/purchase\",status=\"4xx\"} 1",
        ]
        for line in expected {
            #expect(lines.contains { $0.hasPrefix(line) }, "\(line)")
        }
    }
}
