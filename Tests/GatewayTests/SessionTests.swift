import Foundation
import HTTPTypes
import OrderRepository
import Security
import Testing
import Ticketing

@testable import Gateway

@Suite struct SessionTests {
    private static let address = "ada@example.org"
    private static let password = "correct horse"

    /// A harness with one account, and the answer to its registration.
    private static func signedIn(
        session: String? = nil, _ configure: (inout SessionConfiguration) -> Void = { _ in }
    ) async throws -> (harness: GatewayHarness, answer: Answer) {
        let harness = try await GatewayHarness {
            $0.sessions.resetAnswerTime = .zero
            configure(&$0.sessions)
        }
        let transport = session.map { ",\"session\":\"\($0)\"" } ?? ""
        let answer = try await harness.send(
            .post, "/api/auth/register",
            body: "{\"email\":\"\(address)\",\"password\":\"\(password)\"\(transport)}",
            headers: session == nil ? [:] : marked)
        #expect(answer.status == 201)
        return (harness, answer)
    }

    private static func body(_ fields: [String: String]) -> String {
        "{" + fields.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",") + "}"
    }

    // MARK: - Refresh

    @Test func aRefreshTokenIsExchangedForAnAccessTokenAndItsSuccessor() async throws {
        let (harness, first) = try await Self.signedIn()
        let token = try #require(first.string("refreshToken"))
        #expect(Timestamp.parse(try #require(first.string("refreshExpiresAt"))) ?? .distantPast > Date() + 29 * 86_400)
        let second = try await harness.send(.post, "/api/auth/refresh", body: Self.body(["refreshToken": token]))
        #expect(second.status == 200)
        #expect(second.headers[.cacheControl] == "no-store")
        #expect(second.headers[.setCookie] == nil)
        #expect((second.json["user"] as? [String: Any])?["email"] as? String == Self.address)
        #expect(try await harness.send(.get, "/api/auth/me", token: second.string("token")).status == 200)
        let next = try #require(second.string("refreshToken"))
        #expect(next != token)
        let third = try await harness.send(.post, "/api/auth/refresh", body: Self.body(["refreshToken": next]))
        #expect(third.status == 200)
    }

    @Test func whoAsksAgainWithinTheGraceGetsTheSameSuccessor() async throws {
        let (harness, first) = try await Self.signedIn()
        let body = Self.body(["refreshToken": try #require(first.string("refreshToken"))])
        let one = try await harness.send(.post, "/api/auth/refresh", body: body)
        let other = try await harness.send(.post, "/api/auth/refresh", body: body)
        #expect(one.status == 200)
        #expect(other.status == 200)
        #expect(one.string("refreshToken") != nil)
        #expect(one.string("refreshToken") == other.string("refreshToken"))
    }

    @Test func anOldTokenEndsTheWholeSession() async throws {
        let (harness, first) = try await Self.signedIn { $0.grace = .zero }
        let stolen = Self.body(["refreshToken": try #require(first.string("refreshToken"))])
        let second = try await harness.send(.post, "/api/auth/refresh", body: stolen)
        let current = Self.body(["refreshToken": try #require(second.string("refreshToken"))])
        try await harness.send(.post, "/api/auth/refresh", body: stolen).expectProblem(.refreshTokenReused)
        // The owner learns of it, too.
        try await harness.send(.post, "/api/auth/refresh", body: current).expectProblem(.refreshTokenReused)
        // Another session of the account goes on.
        let login = try await harness.send(
            .post, "/api/auth/login", body: Self.body(["email": Self.address, "password": Self.password]))
        let other = Self.body(["refreshToken": try #require(login.string("refreshToken"))])
        #expect(try await harness.send(.post, "/api/auth/refresh", body: other).status == 200)
    }

    @Test(arguments: ["", "x", String(repeating: "A", count: 64), String(repeating: "é", count: 32)])
    func aTokenOfNoSessionIsInvalid(_ token: String) async throws {
        let harness = try await GatewayHarness()
        let body = Self.body(["refreshToken": token])
        try await harness.send(.post, "/api/auth/refresh", body: body).expectProblem(.refreshTokenInvalid)
        #expect(try await harness.send(.post, "/api/auth/logout", body: body).status == 204)
    }

    @Test(arguments: ["/api/auth/refresh", "/api/auth/logout"], [nil, "{}"])
    func withoutATokenTheFieldIsNamed(path: String, body: String?) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(.post, path, body: body)
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["refreshToken"])
    }

    // MARK: - Log-out

    @Test func whoLogsOutCannotRefreshAndMayDoItTwice() async throws {
        let (harness, first) = try await Self.signedIn()
        let body = Self.body(["refreshToken": try #require(first.string("refreshToken"))])
        for _ in 0..<2 {
            let answer = try await harness.send(.post, "/api/auth/logout", body: body)
            #expect(answer.status == 204)
            #expect(answer.text.isEmpty)
        }
        try await harness.send(.post, "/api/auth/refresh", body: body).expectProblem(.refreshTokenInvalid)
    }

    @Test(arguments: [true, false])
    func loggingOutEverywhereEndsTheOtherSessions(everywhere: Bool) async throws {
        let (harness, first) = try await Self.signedIn()
        let login = try await harness.send(
            .post, "/api/auth/login", body: Self.body(["email": Self.address, "password": Self.password]))
        let token = try #require(first.string("refreshToken"))
        let answer = try await harness.send(
            .post, "/api/auth/logout", body: "{\"refreshToken\":\"\(token)\",\"everywhere\":\(everywhere)}")
        #expect(answer.status == 204)
        let other = Self.body(["refreshToken": try #require(login.string("refreshToken"))])
        #expect(try await harness.send(.post, "/api/auth/refresh", body: other).status == (everywhere ? 401 : 200))
    }

    // MARK: - Cookie

    private static let marked: HTTPFields = [.onsaleSession: "cookie"]

    /// The value of the session's cookie in an answer.
    private static func cookie(_ answer: Answer) -> String? {
        answer.headers[.setCookie]?.split(separator: ";").first.map { String($0) }
    }

    @Test func aPageKeepsItsTokenInACookieThatNoScriptReads() async throws {
        let (harness, first) = try await Self.signedIn(session: "cookie")
        #expect(first.string("refreshToken") == nil)
        #expect(first.string("refreshExpiresAt") != nil)
        let field = try #require(first.headers[.setCookie])
        let attributes = field.split(separator: ";").dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(field.hasPrefix("onsale_refresh="))
        #expect(Set(["HttpOnly", "SameSite=Strict", "Path=/api/auth"]).isSubset(of: attributes))
        #expect(!attributes.contains("Secure"))

        let cookie = try #require(Self.cookie(first))
        let second = try await harness.send(
            .post, "/api/auth/refresh", headers: [.cookie: "a=b; \(cookie); c=d", .onsaleSession: "cookie"])
        #expect(second.status == 200)
        #expect(second.string("refreshToken") == nil)
        let next = try #require(Self.cookie(second))
        #expect(next != cookie)

        let logout = try await harness.send(
            .post, "/api/auth/logout", headers: [.cookie: next, .onsaleSession: "cookie"])
        #expect(logout.status == 204)
        #expect(logout.headers[.setCookie]?.contains("Max-Age=0") == true)
        try await harness.send(
            .post, "/api/auth/refresh", headers: [.cookie: next, .onsaleSession: "cookie"]
        ).expectProblem(.refreshTokenInvalid)
        #expect(try await harness.send(.post, "/api/auth/logout", headers: Self.marked).status == 204)
    }

    @Test(arguments: ["/api/auth/refresh", "/api/auth/logout"])
    func aCookieAloneDoesNothing(_ path: String) async throws {
        let (harness, first) = try await Self.signedIn(session: "cookie")
        let cookie = try #require(Self.cookie(first))
        try await harness.send(.post, path, headers: [.cookie: cookie]).expectProblem(.forbidden)
        let refreshed = try await harness.send(
            .post, "/api/auth/refresh", headers: [.cookie: cookie, .onsaleSession: "cookie"])
        #expect(refreshed.status == 200)
    }

    @Test(arguments: [true, false])
    func theCookieIsForHttpsWhereThatIsSet(isSet: Bool) async throws {
        let harness = try await GatewayHarness { $0.sessions.isCookieSecure = isSet }
        let answer = try await harness.send(
            .post, "/api/auth/register",
            body: Self.body(["email": Self.address, "password": Self.password, "session": "cookie"]),
            headers: [.forwardedProto: "https", .onsaleSession: "cookie"])
        #expect(answer.headers[.setCookie]?.hasSuffix("; Secure") == isSet)
    }

    /// A page of another origin, which cannot send the field, must not sign its visitors in to an account of its own.
    @Test(arguments: [nil, "", "token"])
    func noCookieIsSetForWhoDoesNotSayThatItIsWanted(_ field: String?) async throws {
        let (harness, first) = try await Self.signedIn()
        let headers: HTTPFields = field.map { [.onsaleSession: $0] } ?? [:]
        let bodies = [
            ("register", ["email": "eve@example.org", "password": "battery staple"]),
            ("login", ["email": Self.address, "password": Self.password]),
            ("password", ["currentPassword": Self.password, "newPassword": "battery staple"]),
        ]
        for (path, fields) in bodies {
            let answer = try await harness.send(
                .post, "/api/auth/\(path)", token: first.string("token"),
                body: Self.body(fields.merging(["session": "cookie"]) { $1 }), headers: headers)
            answer.expectProblem(.forbidden)
            #expect(answer.headers[.setCookie] == nil)
        }
        #expect(try await harness.repository.credentials(email: "eve@example.org") == nil)
        #expect(try await Self.login(harness, Self.password) == 200)
    }

    @Test func anotherKindOfSessionIsRefusedBeforeAnythingIsMade() async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(
            .post, "/api/auth/register",
            body: Self.body(["email": Self.address, "password": Self.password, "session": "x"]))
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["session"])
        #expect(try await harness.repository.credentials(email: Self.address) == nil)
    }

    @Test func theOwnSessionsAreListedTheCurrentOneIsMarkedAndOneCanBeEnded() async throws {
        let (harness, first) = try await Self.signedIn(session: "cookie")
        let token = first.string("token")
        let login = try await harness.send(
            .post, "/api/auth/login", body: Self.body(["email": Self.address, "password": Self.password]),
            headers: [.userAgent: "Firefox" + String(repeating: "x", count: 300)])
        let cookie = try #require(Self.cookie(first))
        func list() async throws -> [[String: Any]] {
            let answer = try await harness.send(
                .get, "/api/auth/sessions", token: token, headers: [.cookie: cookie, .onsaleSession: "cookie"])
            #expect(answer.status == 200)
            return answer.json["items"] as? [[String: Any]] ?? []
        }
        let sessions = try await list()
        #expect(sessions.count == 2)
        let other = try #require(sessions.first { $0["current"] as? Bool == false })
        #expect(sessions.count { $0["current"] as? Bool == true } == 1)
        #expect(other["userAgent"] as? String == "Firefox" + String(repeating: "x", count: 193))
        // A cookie that is there by itself says nothing.
        let unmarked = try await harness.send(.get, "/api/auth/sessions", token: token, headers: [.cookie: cookie])
        #expect(unmarked.status == 200)
        let items = unmarked.json["items"] as? [[String: Any]] ?? []
        #expect(items.map { $0["current"] as? Bool } == [false, false])

        let path = "/api/auth/sessions/\(other["id"] as? String ?? "")"
        try await harness.send(.delete, path, token: harness.token()).expectProblem(.sessionNotFound)
        #expect(try await harness.send(.delete, path, token: token).status == 204)
        try await harness.send(.delete, path, token: token).expectProblem(.sessionNotFound)
        try await harness.send(.delete, "/api/auth/sessions/x", token: token).expectProblem(.sessionNotFound)
        #expect(try await list().count == 1)
        let ended = Self.body(["refreshToken": try #require(login.string("refreshToken"))])
        try await harness.send(.post, "/api/auth/refresh", body: ended).expectProblem(.refreshTokenInvalid)
    }

    // MARK: - Passwords

    /// Who has an account must not show in the time that an answer takes.
    @Test(arguments: [
        "ada@example.org", "nobody@example.org", "no address", "ada@example.org\\u0000", "provided@example.org",
    ])
    func everyWrongLogInCostsTheSame(_ email: String) async throws {
        let (harness, _) = try await Self.signedIn()
        _ = try await harness.repository.admitProvided(UserID(), email: EmailAddress("provided@example.org"))
        let before = harness.passwordHasher.computed
        try await harness.send(
            .post, "/api/auth/login", body: Self.body(["email": email, "password": "wrong horse"])
        ).expectProblem(.invalidCredentials)
        #expect(harness.passwordHasher.computed == before + 1)
    }

    @Test func aHashThatCostsAnotherTimeThanTodaysIsReplacedAtTheNextLogIn() async throws {
        let (harness, _) = try await Self.signedIn()
        let stronger = PasswordConfiguration(parameters: ScryptParameters(logN: 11, r: 8, p: 1))
        let hasher = try PasswordHasher(configuration: stronger)
        let service = AccountService(repository: harness.repository, hasher: hasher)
        let user = try #require(try await harness.repository.credentials(email: Self.address))
        #expect(hasher.needsRehash(user.passwordHash))
        await #expect(throws: Problem.self) { try await service.login(email: Self.address, password: "wrong horse") }
        #expect(try await harness.repository.passwordHash(of: user.user.id) == user.passwordHash)
        _ = try await service.login(email: Self.address, password: Self.password)
        let new = try #require(try await harness.repository.passwordHash(of: user.user.id))
        #expect(!hasher.needsRehash(new))
        #expect(try await Self.login(harness, Self.password) == 200)
    }

    private static func login(_ harness: GatewayHarness, _ password: String) async throws -> Int {
        try await harness.send(
            .post, "/api/auth/login", body: body(["email": address, "password": password])
        ).status
    }

    @Test func aNewPasswordReplacesTheOldOneAndEndsOtherSessions() async throws {
        let (harness, first) = try await Self.signedIn()
        let token = first.string("token")
        let wrong = Self.body(["currentPassword": "wrong", "newPassword": "battery staple"])
        try await harness.send(.post, "/api/auth/password", token: token, body: wrong)
            .expectProblem(.invalidCredentials)
        let short = try await harness.send(
            .post, "/api/auth/password", token: token, body: Self.body(["newPassword": "short"]))
        #expect(short.fields == ["currentPassword", "newPassword"])

        let right = Self.body(["currentPassword": Self.password, "newPassword": "battery staple"])
        let changed = try await harness.send(.post, "/api/auth/password", token: token, body: right)
        #expect(changed.status == 200)
        #expect(try await Self.login(harness, Self.password) == 401)
        #expect(try await Self.login(harness, "battery staple") == 200)
        let old = Self.body(["refreshToken": try #require(first.string("refreshToken"))])
        try await harness.send(.post, "/api/auth/refresh", body: old).expectProblem(.refreshTokenInvalid)
        let new = Self.body(["refreshToken": try #require(changed.string("refreshToken"))])
        #expect(try await harness.send(.post, "/api/auth/refresh", body: new).status == 200)
    }

    @Test func aMailedTokenSetsAPasswordOnce() async throws {
        let (harness, first) = try await Self.signedIn()
        for address in ["ADA@example.org", "bob@example.org"] {
            let answer = try await harness.send(
                .post, "/api/auth/password-reset", body: Self.body(["email": address]))
            #expect(answer.status == 202)
            #expect(answer.text.isEmpty)
        }
        let mails = harness.repository.resetMails
        #expect(mails.map(\.email) == [Self.address])
        let token = try #require(mails.first?.token)
        let confirm = Self.body(["token": token, "newPassword": "battery staple"])
        #expect(try await harness.send(.post, "/api/auth/password-reset/confirm", body: confirm).status == 204)
        try await harness.send(.post, "/api/auth/password-reset/confirm", body: confirm)
            .expectProblem(.resetTokenInvalid)
        #expect(try await Self.login(harness, Self.password) == 401)
        #expect(try await Self.login(harness, "battery staple") == 200)
        let old = Self.body(["refreshToken": try #require(first.string("refreshToken"))])
        #expect(try await harness.send(.post, "/api/auth/refresh", body: old).status == 401)
    }

    @Test func aLaterMailVoidsTheOneBeforeAndAWeakPasswordDoesNotUseATokenUp() async throws {
        let (harness, _) = try await Self.signedIn()
        for _ in 0..<2 {
            _ = try await harness.send(.post, "/api/auth/password-reset", body: Self.body(["email": Self.address]))
        }
        let tokens = harness.repository.resetMails.map(\.token)
        func confirm(_ token: String, _ password: String) async throws -> Answer {
            try await harness.send(
                .post, "/api/auth/password-reset/confirm", body: Self.body(["token": token, "newPassword": password]))
        }
        try await confirm(tokens[0], "battery staple").expectProblem(.resetTokenInvalid)
        try await confirm(tokens[1], "short").expectProblem(.validationFailed)
        #expect(try await confirm(tokens[1], "battery staple").status == 204)
        try await confirm("nonsense", "battery staple").expectProblem(.resetTokenInvalid)
    }

    @Test func aRequestForAMailIsAnsweredAtItsTimeWhetherOrNotThereIsAnAccount() async throws {
        let (harness, _) = try await Self.signedIn { $0.resetAnswerTime = .milliseconds(300) }
        for address in [Self.address, "nobody@example.org"] {
            let start = ContinuousClock.now
            _ = try await harness.send(.post, "/api/auth/password-reset", body: Self.body(["email": address]))
            #expect(ContinuousClock.now - start >= .milliseconds(300))
        }
    }

    @Test(arguments: ["a\\u0000@example.org", "a@b", ""])
    func aTextThatIsNoAddressIsNobodys(_ email: String) async throws {
        let harness = try await GatewayHarness()
        try await harness.send(.post, "/api/auth/login", body: Self.body(["email": email, "password": "12345678"]))
            .expectProblem(.invalidCredentials)
        try await harness.send(
            .post, "/api/auth/register",
            body: Self.body(["email": "a@b.c", "password": "12345678", "name": "a\\u0000"])
        ).expectProblem(.validationFailed)
    }
}
