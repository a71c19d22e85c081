import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import OnsaleConfiguration
import OrderRepository
import RateLimiting
import Synchronization
import Testing
import Ticketing

@testable import Gateway

@Suite struct RequestLimitTests {
    /// None comes back while a test runs.
    private static func slow(_ burst: Int) -> RateLimit { RateLimit(burst: burst, period: .seconds(burst * 3_600)) }

    private static func login(
        _ harness: GatewayHarness, _ email: String = "ada@example.org", password: String
    ) async throws -> Answer {
        try await harness.send(
            .post, "/api/auth/login", body: "{\"email\":\"\(email)\",\"password\":\"\(password)\"}")
    }

    private static func harness(_ configure: (inout RequestLimits) -> Void) async throws -> GatewayHarness {
        let harness = try await GatewayHarness {
            $0.sessions.resetAnswerTime = .zero
            configure(&$0.requestLimits)
        }
        let registered = try await harness.send(
            .post, "/api/auth/register", body: "{\"email\":\"ada@example.org\",\"password\":\"correct horse\"}")
        #expect(registered.status == 201)
        return harness
    }

    // MARK: - Log-in

    @Test func wrongPasswordsForAnAccountAreLimitedAndRightOnesAreNot() async throws {
        let harness = try await Self.harness { $0.loginAccount = Self.slow(3) }
        for _ in 0..<10 { #expect(try await Self.login(harness, password: "correct horse").status == 200) }
        for _ in 0..<3 {
            try await Self.login(harness, password: "wrong horse").expectProblem(.invalidCredentials)
        }
        let refused = try await Self.login(harness, "ADA@example.org", password: "correct horse")
        refused.expectProblem(.rateLimited)
        let seconds = try #require(refused.headers[.retryAfter].flatMap { Int($0) })
        #expect((3_500...3_600).contains(seconds))
        // Another account can be logged in to, and whether one exists makes no difference.
        for _ in 0..<3 {
            try await Self.login(harness, "nobody@example.org", password: "wrong horse")
                .expectProblem(.invalidCredentials)
        }
        try await Self.login(harness, "nobody@example.org", password: "wrong horse").expectProblem(.rateLimited)
    }

    @Test func manyTriesAtOnceAreNoMoreThanOneAfterAnother() async throws {
        let harness = try await Self.harness { $0.loginAccount = Self.slow(3) }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<12 { group.addTask { try await Self.login(harness, password: "wrong horse").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 401 } == 3)
        #expect(statuses.count { $0 == 429 } == 9)
    }

    @Test func wrongPasswordsFromAnAddressAreLimitedOverAllAccounts() async throws {
        let harness = try await Self.harness { $0.loginAddress = Self.slow(3) }
        for number in 0..<3 {
            try await Self.login(harness, "a\(number)@example.org", password: "wrong horse")
                .expectProblem(.invalidCredentials)
        }
        try await Self.login(harness, password: "correct horse").expectProblem(.rateLimited)
    }

    @Test func whatWasNoTryIsNotCounted() async throws {
        let harness = try await Self.harness { $0.loginAccount = Self.slow(1) }
        harness.repository.fail(with: RepositoryError(.unavailable, "away"))
        for _ in 0..<3 { try await Self.login(harness, password: "wrong horse").expectProblem(.overloaded) }
        harness.repository.fail(with: nil)
        #expect(try await Self.login(harness, password: "correct horse").status == 200)
    }

    @Test func theCurrentPasswordIsNotForGuessingEither() async throws {
        let harness = try await Self.harness { $0.loginAccount = Self.slow(2) }
        let token = try await Self.login(harness, password: "correct horse").string("token")
        func change(_ current: String) async throws -> Answer {
            try await harness.send(
                .post, "/api/auth/password", token: token,
                body: "{\"currentPassword\":\"\(current)\",\"newPassword\":\"battery staple\"}")
        }
        for _ in 0..<2 { try await change("wrong").expectProblem(.invalidCredentials) }
        try await change("correct horse").expectProblem(.rateLimited)
    }

    // MARK: - Forms

    @Test func registrationsAndMailsAreLimited() async throws {
        let harness = try await Self.harness {
            $0.registerAddress = Self.slow(2)
            $0.resetAccount = Self.slow(2)
            $0.resetAddress = Self.slow(4)
        }
        func register(_ number: Int) async throws -> Answer {
            try await harness.send(
                .post, "/api/auth/register", body: "{\"email\":\"b\(number)@example.org\",\"password\":\"12345678\"}")
        }
        // The harness has registered one.
        #expect(try await register(1).status == 201)
        try await register(2).expectProblem(.rateLimited)
        func reset(_ email: String) async throws -> Answer {
            try await harness.send(.post, "/api/auth/password-reset", body: "{\"email\":\"\(email)\"}")
        }
        for _ in 0..<2 { #expect(try await reset("ada@example.org").status == 202) }
        try await reset("ada@example.org").expectProblem(.rateLimited)
        #expect(harness.repository.resetMails.count == 2)
        #expect(try await reset("other@example.org").status == 202)
        try await reset("third@example.org").expectProblem(.rateLimited)
        try await harness.send(
            .post, "/api/auth/password-reset/confirm", body: "{\"token\":\"x\",\"newPassword\":\"12345678\"}"
        ).expectProblem(.rateLimited)
    }

    @Test(arguments: ["refresh", "logout"])
    func tokensOfSessionsAreLimitedByAddressMadeUpOrNot(_ path: String) async throws {
        let harness = try await Self.harness { $0.refreshAddress = Self.slow(2) }
        let login = try await Self.login(harness, password: "correct horse")
        let right = "{\"refreshToken\":\"\(try #require(login.string("refreshToken")))\"}"
        #expect(try await harness.send(.post, "/api/auth/refresh", body: right).status == 200)
        let wrong = "{\"refreshToken\":\"\(String(repeating: "A", count: 64))\"}"
        _ = try await harness.send(.post, "/api/auth/logout", body: wrong)
        try await harness.send(.post, "/api/auth/\(path)", body: right).expectProblem(.rateLimited)
        try await harness.send(
            .post, "/api/auth/\(path)", headers: [.cookie: "onsale_refresh=x", .onsaleSession: "cookie"]
        ).expectProblem(.rateLimited)
        // Nothing is counted that names no token.
        try await harness.send(.post, "/api/auth/\(path)").expectProblem(.validationFailed)
    }

    @Test func exportsOfAnAccountAreLimited() async throws {
        let harness = try await Self.harness { $0.exportUser = Self.slow(2) }
        func account(_ address: String) async throws -> UserID {
            try await harness.repository.createUser(
                email: try #require(EmailAddress(address)), passwordHash: "", name: nil, role: .user
            ).id
        }
        let (bob, eve) = (try await account("bob@example.org"), try await account("eve@example.org"))
        let admin = try harness.token(role: .admin)
        func export(_ user: UserID, _ token: String) async throws -> Int {
            try await harness.send(.get, "/api/users/\(user)/export", token: token).status
        }
        #expect(try await export(bob, harness.token(bob)) == 200)
        #expect(try await export(bob, admin) == 200)
        #expect(try await export(bob, harness.token(bob)) == 429)
        #expect(try await export(eve, admin) == 200)
        // What one may not see is not counted either.
        #expect(try await export(eve, harness.token(bob)) == 404)
        #expect(try await export(eve, harness.token(eve)) == 200)
    }

    @Test(arguments: [
        ("strangers", [503, 200, 200]), ("users", [401, 503, 200]), ("administrators", [401, 200, 503]),
    ])
    func oneKindOfCallerTakesNothingFromAnother(kind: String, statuses: [Int]) async throws {
        let harness = try await GatewayHarness {
            switch kind {
            case "strangers": $0.limits.strangersRequests = 0
            case "users": $0.limits.usersRequests = 0
            default: $0.limits.administratorsRequests = 0
            }
        }
        let event = try await harness.event()
        let wrong = "{\"refreshToken\":\"\(String(repeating: "A", count: 64))\"}"
        let answers = [
            try await harness.send(.post, "/api/auth/refresh", body: wrong),
            try await harness.send(.get, "/api/orders", token: harness.token()),
            try await harness.send(.get, "/api/admin/events/\(event)/ledger", token: harness.token(role: .admin)),
        ]
        #expect(answers.map(\.status) == statuses)
        for answer in answers where answer.status == 503 { answer.expectProblem(.overloaded) }
        // Nor from those who buy.
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        #expect(try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user)).status == 200)
        #expect(try await harness.send(.get, "/api/events").status == 200)
    }

    // MARK: - Purchases

    @Test func aBuyerWhoAsksTooOftenIsRefusedAndNobodyElseIs() async throws {
        let harness = try await GatewayHarness { $0.requestLimits.purchaseUser = Self.slow(2) }
        let event = try await harness.event()
        let token = try harness.token()
        for _ in 0..<2 { #expect(try await harness.purchase(event, token: token).status == 202) }
        let refused = try await harness.purchase(event, token: token)
        refused.expectProblem(.rateLimited)
        #expect(refused.headers[.retryAfter].flatMap { Int($0) }.map { $0 > 3_500 } == true)
        #expect(try await harness.available(event) == 98)
        #expect(try await harness.purchase(event, token: harness.token()).status == 202)
    }

    @Test func aBuyersPurchasesComeBackWithTime() throws {
        var limits = RequestLimits()
        limits.purchaseUser = RateLimit(burst: 20, period: .seconds(2))
        let clock = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000))
        let limiter = PurchaseLimiter(limits: limits) { clock.withLock { $0 } }
        let user = UserID()
        func admitted(of count: Int) -> Int {
            (0..<count).count { _ in
                do throws(Problem) {
                    try limiter.admit(user, RequestHead([:] as HTTPFields))
                    return true
                } catch { return false }
            }
        }
        #expect(admitted(of: 30) == 20)
        clock.withLock { $0 = $0 + .seconds(1) }
        #expect(admitted(of: 30) == 10)
        clock.withLock { $0 = $0 + .seconds(60) }
        #expect(admitted(of: 30) == 20)
    }

    @Test func anAddressIsLimitedWhereThatIsWanted() throws {
        var limits = RequestLimits()
        limits.purchaseUser = nil
        #expect(!PurchaseLimiter(limits: limits).needsAddress)
        limits.purchaseAddress = Self.slow(2)
        limits.trustedProxies = TrustedProxies([AddressNetwork("127.0.0.1")!])
        let limiter = PurchaseLimiter(limits: limits)
        #expect(limiter.needsAddress)
        var head = RequestHead(["X-Forwarded-For": "198.51.100.1"] as HTTPHeaders)
        head.peer = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        for _ in 0..<2 { try limiter.admit(UserID(), head) }
        let problem = #expect(throws: Problem.self) { try limiter.admit(UserID(), head) }
        #expect(problem?.code == .rateLimited)
        head.forwardedFor = "198.51.100.2"
        try limiter.admit(UserID(), head)
    }

    // MARK: - Configuration

    @Test func settingsAreReadAndCheckedByName() throws {
        func limits(_ variables: [String: String]) throws(ConfigurationError) -> RequestLimits {
            try RequestLimits(
                config: ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables)))
        }
        let plain = try limits([:])
        #expect(plain.purchaseUser == RateLimit(burst: 20, period: .seconds(2)))
        #expect(plain.purchaseAddress == nil)
        let set = try limits([
            "LOGIN_LIMIT_ACCOUNT": "off", "PURCHASE_LIMIT_ADDRESS": "1000/1s", "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "REFRESH_LIMIT_ADDRESS": "9/1m", "EXPORT_LIMIT_USER": "off", "CONNECTION_LIMIT_ADDRESS": "2000",
        ])
        #expect(set.refreshAddress == RateLimit(burst: 9, period: .seconds(60)))
        #expect(set.exportUser == nil)
        #expect(set.connectionsAddress == 2_000)
        #expect(plain.connectionsAddress == nil)
        #expect(try limits(["CONNECTION_LIMIT_ADDRESS": "off"]).connectionsAddress == nil)
        #expect(set.loginAccount == nil)
        #expect(set.purchaseAddress == RateLimit(burst: 1_000, period: .seconds(1)))
        for (name, value) in [
            ("CONNECTION_LIMIT_ADDRESS", "0"), ("CONNECTION_LIMIT_ADDRESS", "many"), ("RESET_LIMIT_ADDRESS", "often"),
            ("TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try limits([name: value]) }
            #expect(error?.subject == name)
        }
    }
}
