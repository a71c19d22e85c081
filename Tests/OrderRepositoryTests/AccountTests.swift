import Testing
import Ticketing

@testable import OrderRepository

@Suite struct AccountTests {
    @Test func anAccountIsFoundByIdAndByAddressInAnyCase() async throws {
        try await withDatabase { database async throws in
            let repository = database.repository
            let user = try await repository.createUser(
                email: EmailAddress("Ada@Example.com")!, passwordHash: "hash", name: "Ada", role: .user)
            #expect(user.email == "Ada@Example.com")
            #expect(user.name == "Ada")
            #expect(user.role == .user)
            #expect(try await repository.user(user.id) == user)
            #expect(try await repository.user(UserID()) == nil)
            let credentials = try #require(try await repository.credentials(email: "aDA@example.COM"))
            #expect(credentials.user == user)
            #expect(credentials.passwordHash == "hash")
            #expect(try await repository.credentials(email: "ada@example.org") == nil)
        }
    }

    @Test func anAddressHasOneAccountInWhateverCaseItIsWritten() async throws {
        try await withDatabase { database async throws in
            _ = try await database.makeUser("ada@example.com")
            let error = await failure { _ = try await database.makeUser("ADA@example.com") }
            #expect(error?.code == .duplicateEmail)
            #expect(try database.count("users") == 1)
        }
    }

    @Test func aRoleIsChangedByAddressAndNobodysIsNot() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser("ada@example.com")
            let promoted = try await database.repository.setRole(.admin, email: "Ada@Example.com")
            #expect(promoted?.id == user.id)
            #expect(promoted?.role == .admin)
            #expect(try await database.repository.user(user.id)?.role == .admin)
            #expect(try await database.repository.setRole(.admin, email: "bob@example.com") == nil)
        }
    }

    @Test func whatTheDatabaseCannotAnswerIsUnavailableOrFailed() async throws {
        try await withDatabase { database async throws in
            try await database.repository.ping()
            try database.sql("ALTER TABLE users RENAME TO people")
            #expect(await failure { _ = try await database.repository.user(UserID()) }?.code == .failed)
        }
        let database = try await TestDatabase()
        await database.close()
        #expect(await failure { try await database.repository.ping() }?.code == .unavailable)
    }
}
