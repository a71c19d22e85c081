import Crypto
import Foundation
import HTTPTypes
import OrderRepository
import Security
import Testing
import Ticketing

@testable import Gateway

@Suite struct UserTests {
    private static let password = "correct horse"

    /// An account and an access token of it.
    private struct Person {
        let id: UserID
        let token: String
        var path: String { "/api/users/\(id)" }
    }

    private static func person(_ harness: GatewayHarness, _ email: String, _ role: Role = .user) async throws -> Person
    {
        let hash = try await PasswordHasher(configuration: GatewayHarness.passwords).hash(password)
        let user = try await harness.repository.createUser(
            email: EmailAddress(email)!, passwordHash: hash, name: nil, role: role)
        return Person(id: user.id, token: try harness.token(user.id, role: role))
    }

    // MARK: - Who may

    @Test func everybodySeesTheOwnAccountAndAnAdministratorAll() async throws {
        let harness = try await GatewayHarness()
        let ada = try await Self.person(harness, "ada@example.org")
        let bob = try await Self.person(harness, "bob@example.org")
        let admin = try await Self.person(harness, "admin@example.org", .admin)
        for path in [ada.path, ada.path + "/export"] {
            #expect(try await harness.send(.get, path, token: ada.token).status == 200)
            #expect(try await harness.send(.get, path, token: admin.token).status == 200)
            try await harness.send(.get, path, token: bob.token).expectProblem(.userNotFound)
            try await harness.send(.get, path).expectProblem(.unauthenticated)
        }
        let audit = try await harness.send(.get, "/api/admin/audit?action=user.export", token: admin.token)
        #expect((audit.json["items"] as? [[String: Any]])?.map { $0["subject"] as? String } == [ada.id.description])
        try await harness.send(.get, "/api/users", token: ada.token).expectProblem(.forbidden)
        try await harness.send(.patch, ada.path, token: bob.token, body: "{\"name\":\"B\"}").expectProblem(
            .userNotFound)
        try await harness.send(.delete, ada.path, token: bob.token).expectProblem(.userNotFound)
        try await harness.send(.get, "/api/users/\(UserID())", token: admin.token).expectProblem(.userNotFound)
        try await harness.send(.get, "/api/users/x", token: admin.token).expectProblem(.userNotFound)
        #expect(try await harness.repository.user(ada.id)?.name == nil)
    }

    // MARK: - List

    @Test func anAdministratorListsAndSearchesAccountsInPages() async throws {
        let harness = try await GatewayHarness()
        let admin = try await Self.person(harness, "admin@example.org", .admin)
        for number in 0..<5 { _ = try await Self.person(harness, "buyer\(number)@example.com") }
        var found: [String] = []
        var cursor = ""
        repeat {
            let page = try await harness.send(
                .get, "/api/users?q=EXAMPLE.com&limit=2&cursor=\(cursor)", token: admin.token)
            #expect(page.status == 200)
            let items = page.json["items"] as? [[String: Any]] ?? []
            #expect(items.count <= 2)
            found += items.compactMap { $0["email"] as? String }
            cursor = page.string("nextCursor") ?? ""
        } while !cursor.isEmpty
        #expect(found.sorted() == (0..<5).map { "buyer\($0)@example.com" })
        let bad = try await harness.send(.get, "/api/users?q=a%00b", token: admin.token)
        #expect(bad.fields == ["q"])
    }

    // MARK: - Change

    @Test func theOwnNameIsChangedAndRemoved() async throws {
        let harness = try await GatewayHarness()
        let ada = try await Self.person(harness, "ada@example.org")
        let named = try await harness.send(.patch, ada.path, token: ada.token, body: "{\"name\":\"Ada\"}")
        #expect(named.status == 200)
        #expect(named.string("name") == "Ada")
        #expect(try await harness.send(.patch, ada.path, token: ada.token, body: "{}").string("name") == "Ada")
        let removed = try await harness.send(.patch, ada.path, token: ada.token, body: "{\"name\":null}")
        #expect(removed.status == 200)
        #expect(removed.string("name") == nil)
        for (body, field) in [
            ("{\"name\":\"\"}", "name"), ("{\"name\":1}", "name"), ("{\"email\":null}", "email"),
            ("{\"email\":\"x\"}", "email"), ("{\"role\":\"root\"}", "role"),
        ] {
            let answer = try await harness.send(.patch, ada.path, token: ada.token, body: body)
            answer.expectProblem(.validationFailed)
            #expect(answer.fields == [field])
        }
    }

    @Test func theOwnAddressIsChangedWithThePasswordOnly() async throws {
        let harness = try await GatewayHarness()
        let ada = try await Self.person(harness, "ada@example.org")
        _ = try await Self.person(harness, "bob@example.org")
        func change(_ email: String, _ password: String?) async throws -> Answer {
            let password = password.map { ",\"currentPassword\":\"\($0)\"" } ?? ""
            return try await harness.send(
                .patch, ada.path, token: ada.token, body: "{\"email\":\"\(email)\"\(password)}")
        }
        #expect(try await change("new@example.org", nil).fields == ["currentPassword"])
        try await change("new@example.org", "wrong").expectProblem(.invalidCredentials)
        try await change("BOB@example.org", Self.password).expectProblem(.emailTaken)
        #expect(try await change("new@example.org", Self.password).string("email") == "new@example.org")
    }

    @Test func onlyAnAdministratorChangesRolesAndTheLastOneStays() async throws {
        let harness = try await GatewayHarness()
        let ada = try await Self.person(harness, "ada@example.org")
        let admin = try await Self.person(harness, "admin@example.org", .admin)
        try await harness.send(.patch, ada.path, token: ada.token, body: "{\"role\":\"admin\"}")
            .expectProblem(.forbidden)
        try await harness.send(.patch, admin.path, token: admin.token, body: "{\"role\":\"user\"}")
            .expectProblem(.lastAdmin)
        try await harness.send(.delete, admin.path, token: admin.token).expectProblem(.lastAdmin)
        let raised = try await harness.send(.patch, ada.path, token: admin.token, body: "{\"role\":\"admin\"}")
        #expect(raised.string("role") == "admin")
        #expect(try await harness.send(.delete, admin.path, token: admin.token).status == 204)
    }

    @Test func aTokenOfAnAdministratorWhoIsNoneAnyMoreIsRefusedAndAUsersWorks() async throws {
        let harness = try await GatewayHarness()
        let admin = try await Self.person(harness, "admin@example.org", .admin)
        let other = try await Self.person(harness, "other@example.org", .admin)
        #expect(try await harness.send(.get, "/api/users", token: other.token).status == 200)
        let demoted = try await harness.send(.patch, other.path, token: admin.token, body: "{\"role\":\"user\"}")
        #expect(demoted.status == 200)
        try await harness.send(.get, "/api/users", token: other.token).expectProblem(.unauthenticated)
        let fresh = try harness.token(other.id)
        #expect(try await harness.send(.get, "/api/auth/me", token: fresh).status == 200)
    }

    // MARK: - Delete

    @Test func aDeletedAccountIsGoneAndItsTokensDoNothing() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let registered = try await harness.send(
            .post, "/api/auth/register", body: "{\"email\":\"ada@example.org\",\"password\":\"\(Self.password)\"}")
        let id = try #require((registered.json["user"] as? [String: Any])?["id"] as? String)
        let token = try #require(registered.string("token"))
        let refresh = try #require(registered.string("refreshToken"))
        #expect(try await harness.purchase(event, token: token).status == 202)

        #expect(try await harness.send(.delete, "/api/users/\(id)", token: token).status == 204)
        try await harness.purchase(event, token: token).expectProblem(.unauthenticated)
        try await harness.send(.get, "/api/auth/me", token: token).expectProblem(.unauthenticated)
        try await harness.send(.post, "/api/auth/refresh", body: "{\"refreshToken\":\"\(refresh)\"}")
            .expectProblem(.refreshTokenInvalid)
        #expect(try await harness.available(event) == 99)
        // The address is free again.
        let again = try await harness.send(
            .post, "/api/auth/register", body: "{\"email\":\"ada@example.org\",\"password\":\"\(Self.password)\"}")
        #expect(again.status == 201)
    }

    @Test func anAccountWithAnOrderThatWaitsForItsPaymentStays() async throws {
        let harness = try await GatewayHarness()
        let ada = try await Self.person(harness, "ada@example.org")
        var order = Order(
            id: OrderID(
                user: ada.id, event: EventID(), idempotencyKey: .random(), partition: Partition(0),
                secret: .init(size: .bits256)),
            user: ada.id, event: EventID(), quantity: 1, total: GatewayHarness.price, paymentMethod: .standard,
            status: .pending, reason: nil, tickets: [], createdAt: Date(), updatedAt: Date())
        harness.repository.put(order)
        let refused = try await harness.send(.delete, ada.path, token: ada.token)
        refused.expectProblem(.ordersPending)
        #expect(refused.headers[.retryAfter] != nil)
        #expect(try await harness.repository.user(ada.id) != nil)
        order.status = .confirmed
        harness.repository.put(order)
        #expect(try await harness.send(.delete, ada.path, token: ada.token).status == 204)
    }
}
