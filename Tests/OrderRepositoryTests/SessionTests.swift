import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct SessionTests {
    private static func hash(_ number: UInt8) -> [UInt8] { Array(repeating: number, count: 32) }

    /// A session whose token has the hash of 1.
    private static func session(_ database: TestDatabase, of user: User) async throws -> UUID {
        let family = UUID()
        #expect(
            try await database.repository.openSession(
                family, of: user.id, passwordHash: "-", client: "Firefox", tokenHash: hash(1),
                lifetime: .seconds(3_600), limit: 20))
        return family
    }

    private static func rotate(
        _ database: TestDatabase, _ family: UUID, from: UInt8, to: UInt8, grace: Duration = .zero
    ) async throws -> RotationOutcome {
        try await database.repository.rotateSession(
            family, from: hash(from), to: hash(to), lifetime: .seconds(7_200), grace: grace)
    }

    private static func user(_ outcome: RotationOutcome) -> User? {
        if case .rotated(let user, _) = outcome { user } else { nil }
    }

    @Test func aTokenIsExchangedAlongItsSession() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            for number in 1...3 as ClosedRange<UInt8> {
                let outcome = try await Self.rotate(database, family, from: number, to: number + 1)
                guard case .rotated(user, let expiresAt) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(abs(expiresAt.timeIntervalSinceNow - 7_200) < 60)
            }
            #expect(try await Self.rotate(database, UUID(), from: 1, to: 2) == .unknown)
            #expect(try database.count("refresh_tokens") == 1)
        }
    }

    @Test func anOldTokenRevokesTheSessionForGood() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            _ = try await Self.rotate(database, family, from: 1, to: 2)
            _ = try await Self.rotate(database, family, from: 2, to: 3)
            #expect(try await Self.rotate(database, family, from: 1, to: 2, grace: .seconds(60)) == .reused(user.id))
            #expect(try await Self.rotate(database, family, from: 3, to: 4) == .reused(user.id))
            #expect(try await Self.rotate(database, family, from: 2, to: 3, grace: .seconds(60)) == .reused(user.id))
        }
    }

    /// The negative control of the test above: where a session cannot be revoked, the thief's or the owner's goes on.
    @Test func withoutRevocationTheSessionWouldGoOn() async throws {
        try await withDatabase { database async throws in
            try database.sql(
                """
                CREATE FUNCTION spare() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN NEW.revoked_at = NULL; RETURN NEW; END';
                CREATE TRIGGER spare BEFORE UPDATE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION spare();
                """)
            let user = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            _ = try await Self.rotate(database, family, from: 1, to: 2)
            _ = try await Self.rotate(database, family, from: 1, to: 2)
            #expect(Self.user(try await Self.rotate(database, family, from: 2, to: 3)) == user)
        }
    }

    @Test func ofManyWhoBringOneTokenOneRotatesAndTheOthersAreAnsweredTheSameWithinTheGrace() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            // Each sees the row's version before; those that wait for its lock decide by the one after.
            let outcomes = try await withThrowingTaskGroup(of: RotationOutcome.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await Self.rotate(database, family, from: 1, to: 2, grace: .seconds(60)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.compactMap(Self.user) == Array(repeating: user, count: 8))
            #expect(Set(outcomes).count == 1, "one exchange, one expiry")
            #expect(Self.user(try await Self.rotate(database, family, from: 2, to: 3)) == user)
        }
    }

    @Test func withoutAGraceOneOfManyGetsASuccessorAndTheSessionEnds() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            let outcomes = try await withThrowingTaskGroup(of: RotationOutcome.self) { group in
                for _ in 0..<8 { group.addTask { try await Self.rotate(database, family, from: 1, to: 2) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.compactMap(Self.user).count == 1)
            #expect(outcomes.filter { $0 == .reused(user.id) }.count == 7)
            #expect(try await Self.rotate(database, family, from: 2, to: 3) == .reused(user.id))
        }
    }

    @Test func sessionsEndByTimeByLogOutAndBeyondTheirNumber() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let other = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            try database.sql("UPDATE refresh_tokens SET expires_at = now()")
            #expect(try await Self.rotate(database, family, from: 1, to: 2) == .unknown)
            let second = try await Self.session(database, of: user)
            #expect(try database.count("refresh_tokens") == 1, "the ended one went")
            _ = try await Self.session(database, of: user)
            let others = try await Self.session(database, of: other)

            try await database.repository.endSession(second, tokenHash: Self.hash(9), everywhere: true)
            #expect(try database.count("refresh_tokens") == 2, "a foreign token ends no other session")
            let third = try await Self.session(database, of: user)
            try await database.repository.endSession(third, tokenHash: Self.hash(1), everywhere: true)
            #expect(try database.count("refresh_tokens") == 1)
            #expect(Self.user(try await Self.rotate(database, others, from: 1, to: 2)) == other)

            var families: [UUID] = []
            for _ in 0..<4 {
                families.append(UUID())
                _ = try await database.repository.openSession(
                    families.last!, of: user.id, passwordHash: "-", client: nil, tokenHash: Self.hash(1),
                    lifetime: .seconds(60), limit: 2)
            }
            for (index, family) in families.enumerated() {
                #expect((Self.user(try await Self.rotate(database, family, from: 1, to: 2)) != nil) == (index >= 2))
            }
        }
    }

    @Test func aUserSeesTheOwnOpenSessionsAndEndsOne() async throws {
        try await withDatabase { database async throws in
            let (user, other) = (try await database.makeUser(), try await database.makeUser())
            let families = [try await Self.session(database, of: user), try await Self.session(database, of: user)]
            let revoked = try await Self.session(database, of: user)
            _ = try await Self.rotate(database, revoked, from: 9, to: 10)
            _ = try await Self.session(database, of: other)
            _ = try await Self.rotate(database, families[0], from: 1, to: 2)
            let repository = database.repository
            let sessions = try await repository.sessions(of: user.id)
            #expect(sessions.map(\.id) == families.map { OpenSession.id(of: $0) }, "the last used one first")
            #expect(sessions.map(\.client) == ["Firefox", "Firefox"])
            #expect(sessions.allSatisfy { $0.startedAt <= $0.usedAt && $0.usedAt < $0.expiresAt })

            let id = OpenSession.id(of: families[1])
            #expect(try await repository.endSession(id, of: other.id) == false)
            #expect(try await repository.endSession(families[1], of: user.id) == false, "the family is not its name")
            #expect(try await repository.endSession(id, of: user.id))
            #expect(try await repository.endSession(id, of: user.id) == false)
            #expect(try await repository.sessions(of: user.id).map(\.id) == [OpenSession.id(of: families[0])])
            #expect(try await repository.sessions(of: other.id).count == 1)
        }
    }

    /// Comparing a password takes a while, in which it may change. Without the row's lock the new session would be
    /// missed by the change and outlive it, which the second half shows: a session that began before is ended by what
    /// comes later.
    @Test func aSessionIsOfThePasswordThatWasComparedAndOfNoLaterOne() async throws {
        try await withDatabase { database async throws in
            let repository = database.repository
            let user = try await database.makeUser()
            func open(_ hash: String) async throws -> Bool {
                try await repository.openSession(
                    UUID(), of: user.id, passwordHash: hash, client: nil, tokenHash: Self.hash(1),
                    lifetime: .seconds(60), limit: 20)
            }
            #expect(try await repository.setPassword("new", insteadOf: "-", of: user.id))
            #expect(try await open("-") == false)
            #expect(try await open("new"))

            // The log-in is in the middle of its statement when the password changes.
            let change = try await database.postgres.withTransaction { connection in
                try await connection.query(
                    InsertSession.query(
                        UUID(), user.id, passwordHash: "new", client: nil, Self.hash(2), lifetime: .seconds(60),
                        limit: 20))
                let change = Task { try await repository.setPassword("newer", insteadOf: "new", of: user.id) }
                try await eventually("the change waits for the log-in") {
                    try database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0"
                }
                return change
            }
            #expect(try await change.value)
            #expect(try database.count("refresh_tokens") == 0)

            // And the other way round.
            let login = try await database.postgres.withTransaction { connection in
                try await connection.query(UpdatePasswordHash.query("newest", user.id))
                let login = Task { try await open("newer") }
                try await eventually("the log-in waits for the change") {
                    try database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0"
                }
                return login
            }
            #expect(try await login.value == false)
        }
    }

    @Test func aSessionOfADeletedAccountIsExchangedNoMore() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let family = try await Self.session(database, of: user)
            try database.sql("UPDATE users SET deleted_at = now() WHERE id = '\(user.id)'")
            #expect(try await Self.rotate(database, family, from: 1, to: 2) == .unknown)
        }
    }

    // MARK: - Passwords

    @Test func anotherHashOfTheSamePasswordEndsNothing() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let repository = database.repository
            _ = try await Self.session(database, of: user)
            let old = try #require(try await repository.passwordHash(of: user.id))
            #expect(try await repository.replacePasswordHash("not it", by: "new", of: user.id) == false)
            #expect(try await repository.passwordHash(of: user.id) == old)
            #expect(try await repository.replacePasswordHash(old, by: "new", of: user.id))
            #expect(try await repository.passwordHash(of: user.id) == "new")
            #expect(try await repository.sessions(of: user.id).count == 1)
        }
    }

    @Test func aPasswordIsReplacedUnlessItWasMeanwhile() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser("ada@example.com")
            let family = try await Self.session(database, of: user)
            #expect(try await database.repository.passwordHash(of: user.id) == "-")
            #expect(try await database.repository.setPassword("new", insteadOf: "other", of: user.id) == false)
            #expect(Self.user(try await Self.rotate(database, family, from: 1, to: 2)) == user)
            #expect(try await database.repository.setPassword("new", insteadOf: "-", of: user.id))
            #expect(try await database.repository.credentials(email: "ada@example.com")?.passwordHash == "new")
            #expect(try await Self.rotate(database, family, from: 2, to: 3) == .unknown)
        }
    }

    @Test func aMailedTokenIsUsedOnceAndEndsSessions() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser("ada@example.com")
            _ = try await Self.session(database, of: user)
            let repository = database.repository
            func request(_ email: String, _ number: UInt8) async throws {
                try await repository.requestPasswordReset(
                    email: email, token: "token \(number)", tokenHash: Self.hash(number), lifetime: .seconds(1_800))
            }
            try await request("bob@example.com", 1)
            #expect(try database.count("mails") == 0)
            try await request("ADA@example.com", 2)
            try await request("ada@example.com", 3)
            let mails = try database.sql("SELECT kind, user_id, parameters->>'token' FROM mails ORDER BY id")
            #expect(mails == "password_reset|\(user.id)|token 2\npassword_reset|\(user.id)|token 3")
            #expect(try await repository.isPasswordResetOpen(tokenHash: Self.hash(2)) == false)
            #expect(try await repository.isPasswordResetOpen(tokenHash: Self.hash(3)))

            let used = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await repository.resetPassword(tokenHash: Self.hash(3), passwordHash: "new \(number)")
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(used.filter { $0 }.count == 1)
            #expect(try await repository.passwordHash(of: user.id)?.hasPrefix("new ") == true)
            #expect(try database.count("refresh_tokens") == 0)

            try await request("ada@example.com", 4)
            try database.sql("UPDATE password_resets SET expires_at = now()")
            #expect(try await repository.resetPassword(tokenHash: Self.hash(4), passwordHash: "late") == false)
        }
    }
}
