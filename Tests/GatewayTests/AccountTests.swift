import Foundation
import HTTPTypes
import OnsaleConfiguration
import OrderRepository
import Security
import Testing
import Ticketing

@testable import Gateway

@Suite struct AccountTests {
    private static let body = "{\"email\":\"Ada@example.org\",\"password\":\"correct horse\",\"name\":\"Ada\"}"

    @Test func whoRegistersIsSignedInAndCanSignInAgain() async throws {
        let harness = try await GatewayHarness()
        let registered = try await harness.send(.post, "/api/auth/register", body: Self.body)
        #expect(registered.status == 201)
        let account = try #require(registered.json["user"] as? [String: Any])
        #expect(account["email"] as? String == "Ada@example.org")
        #expect(account["name"] as? String == "Ada")
        #expect(account["role"] as? String == "user")
        #expect(Timestamp.parse(try #require(registered.string("expiresAt"))) != nil)

        let me = try await harness.send(.get, "/api/auth/me", token: registered.string("token"))
        #expect(me.status == 200)
        #expect(me.string("id") == account["id"] as? String)

        let login = try await harness.send(
            .post, "/api/auth/login", body: "{\"email\":\"ada@EXAMPLE.org\",\"password\":\"correct horse\"}")
        #expect(login.status == 200)
        #expect(try await harness.send(.get, "/api/auth/me", token: login.string("token")).status == 200)
    }

    @Test func anAddressHasOneAccount() async throws {
        let harness = try await GatewayHarness()
        #expect(try await harness.send(.post, "/api/auth/register", body: Self.body).status == 201)
        try await harness.send(.post, "/api/auth/register", body: Self.body.lowercased()).expectProblem(.emailTaken)
    }

    @Test(arguments: [
        ("{}", ["email", "password"]),
        ("{\"email\":\"x\",\"password\":\"12345678\"}", ["email"]),
        ("{\"email\":\"a@b.c\",\"password\":\"1234567\"}", ["password"]),
        ("{\"email\":\"a@b.c\",\"password\":\"\(String(repeating: "x", count: 257))\"}", ["password"]),
        ("{\"email\":\"a@b.c\",\"password\":\"12345678\",\"name\":\"\"}", ["name"]),
        ("{\"email\":1,\"password\":\"12345678\"}", ["email"]),
    ])
    func aBadRegistrationNamesItsFields(body: String, fields: [String]) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(.post, "/api/auth/register", body: body)
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == fields)
    }

    @Test(arguments: ["", "nonsense", "[]", "{\"email\":"])
    func aBodyThatIsNoObjectIsMalformed(_ body: String) async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.post, "/api/auth/login", body: body).expectProblem(.malformedJSON)
    }

    @Test(arguments: [
        "{\"email\":\"ada@example.org\",\"password\":\"wrong\"}",
        "{\"email\":\"b@example.org\",\"password\":\"correct horse\"}",
    ])
    func wrongCredentialsAreOneAnswer(_ body: String) async throws {
        let harness = try await GatewayHarness()
        _ = try await harness.send(.post, "/api/auth/register", body: Self.body)
        let answer = try await harness.send(.post, "/api/auth/login", body: body)
        answer.expectProblem(.invalidCredentials)
        #expect(answer.string("detail") == AccountService<InMemoryOrderRepository>.wrongCredentials.detail)
    }

    @Test func withoutPostgresSigningInIsOverloaded() async throws {
        let harness = try await GatewayHarness()
        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        let answer = try await harness.send(.post, "/api/auth/login", body: Self.body)
        answer.expectProblem(.overloaded)
        #expect(answer.headers[.retryAfter] != nil)
    }

    @Test func anAccountThatIsGoneIsSignedOut() async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.get, "/api/auth/me", token: harness.token()).expectProblem(.unauthenticated)
    }

    // MARK: - P24

    private static let protected: [(HTTPRequest.Method, String)] = [
        (.post, "/api/tickets/purchase"), (.get, "/api/orders/00000000-0000-8000-8000-000000000000"),
        (.get, "/api/orders"), (.get, "/api/auth/me"), (.post, "/api/events"),
        (.get, "/api/admin/events/00000000-0000-4000-8000-000000000000/ledger"),
    ]

    /// Tokens that must not be accepted, by what is wrong with them.
    private static func forged() async throws -> [(String, String)] {
        let good = GatewayHarness.tokens
        let identity = Identity(userID: UserID(), role: .admin)
        var wrongIssuer = good
        wrongIssuer.issuer = "somebody"
        var wrongAudience = good
        wrongAudience.audience = "something"
        var wrongKey = good
        wrongKey.key = .init(id: "test", secret: Secret(bytes: Array(repeating: 1, count: 32)))
        var unknownKey = good
        unknownKey.key = .init(id: "other", secret: good.key.secret)
        func token(_ configuration: TokenConfiguration, lifetime: Duration? = nil) async throws -> String {
            try await TokenIssuer(configuration: configuration).issue(for: identity, lifetime: lifetime).text
        }
        let valid = try await token(good)
        let parts = valid.split(separator: ".").map { String($0) }
        // {"alg":"none","typ":"JWT"}
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
        return [
            ("alg none", "\(none).\(parts[1])."), ("alg none, signed", "\(none).\(parts[1]).\(parts[2])"),
            ("no signature", "\(parts[0]).\(parts[1])."), ("other payload", "\(parts[0]).\(parts[1])x.\(parts[2])"),
            ("expired", try await token(good, lifetime: .seconds(-3_600))),
            ("wrong issuer", try await token(wrongIssuer)), ("wrong audience", try await token(wrongAudience)),
            ("wrong key", try await token(wrongKey)), ("unknown key id", try await token(unknownKey)),
            ("nonsense", "nonsense"), ("empty", ""), ("huge", String(repeating: "x", count: 10_000)),
        ]
    }

    @Test func everyForgedTokenIs401OnEveryRouteAndReachesNothing() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        for (method, path) in Self.protected {
            for (what, token) in try await Self.forged() {
                let answer = try await harness.send(
                    method, path, token: token,
                    body: method == .post ? "{\"eventId\":\"\(event)\",\"quantity\":1}" : nil)
                #expect(answer.code == "unauthenticated", "\(what) on \(path)")
                #expect(answer.status == 401)
                #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            }
        }
        #expect(try await harness.available(event) == 100)
        // Negative control: a good token is let through.
        #expect(try await harness.purchase(event, token: harness.token()).status == 202)
    }

    @Test(arguments: ["", "Basic eDp5", "Bearer", "token"])
    func anotherSchemeIs401(_ header: String) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(.get, "/api/orders", headers: [.authorization: header])
        answer.expectProblem(.unauthenticated)
    }

    @Test func theSchemeIsReadInAnyCase() async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(
            .get, "/api/orders", headers: [.authorization: "bearer \(try harness.token())"])
        #expect(answer.status == 200)
    }
}
