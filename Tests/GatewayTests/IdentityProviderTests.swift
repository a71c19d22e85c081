import Foundation
import HTTPTypes
import Hummingbird
import JWTKit
import Logging
import NIOCore
import OrderRepository
import Security
import ServiceLifecycle
import Synchronization
import Testing
import Ticketing

@testable import Gateway

/// Tokens of an outside identity provider, whose keys come from a server of ours.
@Suite(.timeLimit(.minutes(2))) struct IdentityProviderTests {
    /// The provider: signs tokens, and serves the public halves of the keys that it has published.
    private final class Provider: Sendable {
        static let issuer = "https://identity.example"

        private let keys = Mutex<[String: ES256PrivateKey]>([:])
        private let published = Mutex<[String]>([])
        private let fetches = Mutex(0)
        private let isAway = Mutex(false)

        var fetched: Int { fetches.withLock { $0 } }

        func publish(_ ids: String...) { published.withLock { $0 = ids } }

        func goAway(_ away: Bool) { isAway.withLock { $0 = away } }

        private func key(_ id: String) -> ES256PrivateKey {
            keys.withLock { keys in
                let key = keys[id] ?? ES256PrivateKey()
                keys[id] = key
                return key
            }
        }

        func token(
            _ subject: UserID, key id: String, email: String? = nil, isVerified: Bool = true, groups: [String] = []
        ) async throws -> String {
            struct Claims: Encodable {
                let sub: String
                let iss: String
                let clientID: String
                let tokenUse: String
                let exp: Double
                let email: String?
                let emailVerified: Bool
                let groups: [String]

                private enum CodingKeys: String, CodingKey {
                    case sub, iss, exp, email
                    case clientID = "client_id"
                    case tokenUse = "token_use"
                    case emailVerified = "email_verified"
                    case groups = "cognito:groups"
                }
            }
            let claims = Claims(
                sub: subject.description, iss: Self.issuer, clientID: "onsale-web", tokenUse: "access",
                exp: Date().timeIntervalSince1970 + 600, email: email, emailVerified: isVerified,
                groups: groups)
            let header = Data("{\"alg\":\"ES256\",\"kid\":\"\(id)\"}".utf8)
            let signed =
                Self.url(header.base64EncodedString()) + "."
                + Self.url(try JSONEncoder().encode(claims).base64EncodedString())
            let signer = await JWTKeyCollection().add(ecdsa: key(id), kid: "x")
            let signature = try await signer.getKey(for: "x").sign(Array(signed.utf8))
            return signed + "." + Self.url(Data(signature).base64EncodedString())
        }

        private static func url(_ text: String) -> String {
            text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }

        private func answer() -> Response {
            fetches.withLock { $0 += 1 }
            guard !isAway.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
            let keys = published.withLock { $0 }.map { id in
                let point = key(id).publicKey.parameters!
                return """
                    {"kty":"EC","crv":"P-256","alg":"ES256","kid":"\(id)","x":"\(Self.url(point.x))","y":"\(Self.url(point.y))"}
                    """
            }
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "{\"keys\":[\(keys.joined(separator: ","))]}")))
        }

        /// Serves while `body` runs, and lends it the address of the key set.
        func serving(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
            let router = Router()
            router.get("/keys.json") { _, _ in self.answer() }
            router.get("/moved.json") { _, _ in Response.redirect(to: "/keys.json") }
            let (ports, listening) = AsyncStream.makeStream(of: Int.self)
            let app = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { channel in listening.yield(channel.localAddress?.port ?? 0) },
                logger: IdentityProviderTests.silent)
            // Not `app.run()`, cancelled in the end: a connection that comes up just then, and is not taken any more, ends the
            // process (NIOAsyncWriter's precondition, https://github.com/apple/swift-nio/issues/2637).
            let services = ServiceGroup(services: [app], logger: IdentityProviderTests.silent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await services.run() }
                let port = try #require(await ports.first { _ in true })
                try await body("http://127.0.0.1:\(port)/keys.json")
                await services.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` with a gateway that knows the provider, beside the service that fetches its keys.
    private static func run(
        _ provider: Provider, retryPause: Duration = .milliseconds(1),
        _ body: @escaping @Sendable (GatewayHarness) async throws -> Void
    ) async throws {
        try await provider.serving { url in
            var configuration = IdentityProviderConfiguration(
                url: url, issuer: Provider.issuer, audience: "onsale-web", adminGroup: "organisers")
            configuration.retryPause = retryPause
            let harness = try await GatewayHarness(provider: configuration)
            let refresher = ProviderKeyRefresher(
                configuration: configuration, verifier: harness.verifier, logger: silent)
            await refresher.fetch()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await refresher.run() }
                defer { group.cancelAll() }
                try await body(harness)
            }
        }
    }

    @Test func keysAreTakenFromTheirAddressAndNotFromWhereItLeads() async throws {
        let provider = Provider()
        provider.publish("one")
        try await provider.serving { url in
            for (path, status) in [("/moved.json", 401), ("/keys.json", 200)] {
                let configuration = IdentityProviderConfiguration(
                    url: url.replacing("/keys.json", with: path), issuer: Provider.issuer, audience: "onsale-web",
                    adminGroup: nil)
                let harness = try await GatewayHarness(provider: configuration)
                await ProviderKeyRefresher(
                    configuration: configuration, verifier: harness.verifier, logger: Self.silent
                ).fetch()
                let token = try await provider.token(UserID(), key: "one")
                #expect(try await harness.send(.get, "/api/auth/me", token: token).status == status, "\(path)")
            }
        }
    }

    @Test func aPersonOfTheProviderGetsAnAccountAtFirstSightAndBuys() async throws {
        let provider = Provider()
        provider.publish("one")
        try await Self.run(provider) { harness in
            let event = try await harness.event()
            let (ada, bob) = (UserID(), UserID())
            let token = try await provider.token(ada, key: "one", email: "ada@example.org")
            #expect(try await harness.purchase(event, token: token).status == 202)
            #expect(try await harness.repository.user(ada)?.email == "ada@example.org")
            let me = try await harness.send(.get, "/api/auth/me", token: token)
            #expect(me.string("id") == ada.description)
            #expect(me.string("role") == "user")
            // Without an address, and with one that is somebody else's: one that names nobody.
            for email in [nil, "ADA@example.org"] {
                let person = email == nil ? bob : UserID()
                let answer = try await harness.send(
                    .get, "/api/auth/me", token: provider.token(person, key: "one", email: email))
                #expect(answer.string("email") == "\(person)@provider.invalid")
            }
            // An address that the provider has not verified may be anybody's.
            let stranger = UserID()
            let unverified = try await provider.token(
                stranger, key: "one", email: "eve@example.org", isVerified: false)
            #expect(
                try await harness.send(.get, "/api/auth/me", token: unverified).string("email")
                    == "\(stranger)@provider.invalid")
            // An id that is one of ours is not the provider's to give.
            let own = try await harness.send(
                .post, "/api/auth/register", body: "{\"email\":\"own@example.org\",\"password\":\"correct horse\"}")
            let ownID = (own.json["user"] as? [String: Any])?["id"] as? String
            let taken = try #require(ownID.flatMap { UserID($0) })
            try await harness.send(.get, "/api/auth/me", token: provider.token(taken, key: "one"))
                .expectProblem(.unauthenticated)
            // No password gives access to such an account.
            try await harness.send(
                .post, "/api/auth/login", body: "{\"email\":\"ada@example.org\",\"password\":\"12345678\"}"
            ).expectProblem(.invalidCredentials)
            _ = try await harness.send(.post, "/api/auth/password-reset", body: "{\"email\":\"ada@example.org\"}")
            #expect(harness.repository.resetMails.isEmpty)

            let organiser = try await provider.token(UserID(), key: "one", groups: ["organisers"])
            #expect(try await harness.send(.get, "/api/users", token: organiser).status == 200)
            #expect(try await harness.send(.get, "/api/auth/me", token: organiser).string("role") == "admin")
            try await harness.send(.get, "/api/users", token: token).expectProblem(.forbidden)

            #expect(try await harness.send(.delete, "/api/users/\(bob)", token: organiser).status == 204)
            try await harness.send(.get, "/api/auth/me", token: provider.token(bob, key: "one"))
                .expectProblem(.unauthenticated)
        }
    }

    @Test func aNewKeyIsFetchedWhenATokenNamesIt() async throws {
        let provider = Provider()
        provider.publish("one")
        try await Self.run(provider) { harness in
            let user = UserID()
            provider.publish("one", "two")
            let token = try await provider.token(user, key: "two")
            var status = 0
            while status != 200 { status = try await harness.send(.get, "/api/auth/me", token: token).status }
            let old = try await provider.token(user, key: "one")
            #expect(try await harness.send(.get, "/api/auth/me", token: old).status == 200)
        }
    }

    @Test func unknownKeysDoNotMakeItAskTheProviderAllTheTime() async throws {
        let provider = Provider()
        provider.publish("one")
        try await Self.run(provider, retryPause: .seconds(3_600)) { harness in
            for number in 0..<50 {
                let token = try await provider.token(UserID(), key: "unknown \(number)")
                try await harness.send(.get, "/api/auth/me", token: token).expectProblem(.unauthenticated)
            }
            // The one at the start and at most one for all of these.
            #expect(provider.fetched <= 2)
        }
    }

    @Test func whileTheProviderIsAwayItsKeysAreKept() async throws {
        let provider = Provider()
        provider.publish("one")
        try await Self.run(provider) { harness in
            let user = UserID()
            provider.goAway(true)
            let before = provider.fetched
            while provider.fetched < before + 2 {
                _ = try await harness.send(.get, "/api/auth/me", token: provider.token(user, key: "unknown"))
            }
            let token = try await provider.token(user, key: "one")
            #expect(try await harness.send(.get, "/api/auth/me", token: token).status == 200)
        }
    }
}
