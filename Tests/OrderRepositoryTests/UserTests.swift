import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct UserTests {
    private static func admin(_ database: TestDatabase) async throws -> User {
        try await database.repository.createUser(
            email: EmailAddress("\(UUID().uuidString.lowercased())@example.com")!, passwordHash: "-", name: nil,
            role: .admin)
    }

    // MARK: - List

    @Test func accountsAreListedNewestFirstAndFoundByAddressOrName() async throws {
        try await withDatabase { database async throws in
            var made: [User] = []
            for number in 0..<7 {
                made.append(
                    try await database.repository.createUser(
                        email: EmailAddress("buyer\(number)@example.com")!, passwordHash: "-",
                        name: number % 2 == 0 ? "Even \(number)" : nil, role: .user))
            }
            // Several of one time, so that the id has to decide.
            try database.sql("UPDATE users SET created_at = date_trunc('hour', created_at)")
            var seen: [UserID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await database.repository.users(containing: nil, after: cursor, limit: 2)
                seen += page.items.map(\.id)
                cursor = page.next.flatMap { PageCursor($0.text) }
            } while cursor != nil
            #expect(seen == made.map(\.id).sorted { $0.description > $1.description })
            for (text, count) in [("EVEN", 4), ("yer3@", 1), ("%", 0), ("'; --", 0), ("example.com", 7)] {
                let found = try await database.repository.users(containing: text, after: nil, limit: 100).items
                #expect(found.count == count, "\(text)")
            }
        }
    }

    // MARK: - Change

    @Test func aChangeOfAnAdministratorIsAuditedAndOfTheOwnerNot() async throws {
        try await withDatabase { database async throws in
            let admin = try await Self.admin(database)
            let user = try await database.makeUser("ada@example.com")
            let outcome = try await database.repository.changeUser(
                user.id, UserChange(name: "Ada", role: .admin), by: admin.id)
            guard case .changed(let changed) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(changed.name == "Ada")
            #expect(changed.role == .admin)
            #expect(changed.email == "ada@example.com")
            _ = try await database.repository.changeUser(user.id, UserChange(name: .some(nil)), by: nil)
            #expect(try await database.repository.user(user.id)?.name == nil)
            let audit = try database.sql(
                """
                SELECT actor_id, action, subject, before->>'role', after->>'role', before->>'name', after->>'name',
                       before ? 'password_hash' FROM audit_log
                """)
            #expect(audit == "\(admin.id)|user.update|\(user.id)|user|admin||Ada|f")
            #expect(
                try await database.repository.accountChanges(within: .seconds(60))
                    == [AccountChange(user: user.id, role: .admin)])
            let taken = await failure {
                _ = try await database.repository.changeUser(
                    user.id, UserChange(email: EmailAddress(admin.email.uppercased())), by: nil)
            }
            #expect(taken?.code == .duplicateEmail)
            #expect(try await database.repository.changeUser(UserID(), UserChange(name: "x"), by: nil) == .unknown)
        }
    }

    // MARK: - The last administrator

    @Test func theLastAdministratorIsNeitherDemotedNorDeleted() async throws {
        try await withDatabase { database async throws in
            let admin = try await Self.admin(database)
            let repository = database.repository
            #expect(try await repository.changeUser(admin.id, UserChange(role: .user), by: admin.id) == .lastAdmin)
            #expect(try await repository.deleteUser(admin.id, by: admin.id) == .lastAdmin)
            #expect(try await repository.user(admin.id) == admin)
            #expect(try database.count("audit_log") == 0)
            let other = try await Self.admin(database)
            #expect(try await repository.deleteUser(admin.id, by: admin.id) == .removed)
            #expect(try await repository.deleteUser(other.id, by: other.id) == .lastAdmin)
        }
    }

    /// Two administrators take the right from each other at the same time, each held up in the middle of it.
    private static func administratorsAfterARace(_ database: TestDatabase) async throws -> Int {
        try database.sql(
            """
            CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_sleep(1); RETURN NEW; END';
            CREATE TRIGGER linger BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION linger();
            """)
        let (one, other) = (try await admin(database), try await admin(database))
        async let first = database.repository.changeUser(other.id, UserChange(role: .user), by: one.id)
        async let second = database.repository.changeUser(one.id, UserChange(role: .user), by: other.id)
        let outcomes = try await [first, second]
        let left = try database.count("users", where: "role = 'admin'")
        #expect(outcomes.filter { $0 == .lastAdmin }.count == (left == 0 ? 0 : 1))
        return left
    }

    @Test func oneOfTwoAdministratorsWhoDemoteEachOtherStays() async throws {
        try await withDatabase { database async throws in
            #expect(try await Self.administratorsAfterARace(database) == 1)
        }
    }

    /// The negative control of the test above: the lock's function is hidden behind one that does nothing.
    @Test func withoutTheLockNobodyWouldBeAnAdministrator() async throws {
        try await withDatabase { database async throws in
            try database.sql(
                """
                CREATE FUNCTION pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE sql AS '';
                DO $$ BEGIN
                    EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
                END $$;
                """)
            // Connections of before know the old path.
            let postgres = try TestDatabase.client(database.url)
            _ = try await postgres.query("SELECT 1")
            await database.postgres.close()
            let unguarded = database.connected(postgres)
            #expect(try await Self.administratorsAfterARace(unguarded) == 0)
            await postgres.close()
        }
    }

    @Test func whoReadsTheOldAddressCannotSetThePassword() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser("ada@example.com")
            let hash = [UInt8](repeating: 2, count: 32)
            let repository = database.repository
            func request() async throws {
                try await repository.requestPasswordReset(
                    email: "ada@example.com", token: "t", tokenHash: hash, lifetime: .seconds(60))
            }
            try await request()
            _ = try await repository.changeUser(user.id, UserChange(name: "Ada"), by: nil)
            #expect(try await repository.isPasswordResetOpen(tokenHash: hash), "another change leaves it")
            _ = try await repository.changeUser(user.id, UserChange(email: EmailAddress("new@example.com")), by: nil)
            #expect(try await repository.isPasswordResetOpen(tokenHash: hash) == false)
            #expect(try await repository.resetPassword(tokenHash: hash, passwordHash: "stolen") == false)
            #expect(try database.count("mails") == 0)
        }
    }

    // MARK: - Delete

    @Test func anAccountWithoutOrdersGoesWithAllThatIsTheirs() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            _ = try await database.repository.openSession(
                UUID(), of: user.id, passwordHash: "-", client: nil, tokenHash: Array(repeating: 1, count: 32),
                lifetime: .seconds(60), limit: 20)
            try await database.repository.requestPasswordReset(
                email: user.email, token: "t", tokenHash: Array(repeating: 2, count: 32), lifetime: .seconds(60))
            #expect(try await database.repository.deleteUser(user.id, by: nil) == .removed)
            for table in ["users", "refresh_tokens", "password_resets", "mails"] {
                #expect(try database.count(table) == 0, "\(table)")
            }
            #expect(
                try await database.repository.accountChanges(within: .seconds(60))
                    == [AccountChange(user: user.id, role: nil)])
            #expect(try await database.repository.accountChanges(within: .zero) == [])
            #expect(try await database.repository.deleteUser(user.id, by: nil) == .unknown)
        }
    }

    @Test func anAccountWithOrdersIsAnonymisedAndOrdersAndMoneyStay() async throws {
        try await withDatabase { database async throws in
            let admin = try await Self.admin(database)
            let user = try await database.repository.createUser(
                email: EmailAddress("lovelace@example.com")!, passwordHash: "secret hash", name: "Ada Lovelace",
                role: .user)
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let order = QueuedIntent.sample(event.id, user.id, quantity: 2)
            try await database.commitNew([order], under: lease)
            let repository = database.repository
            #expect(try await repository.deleteUser(user.id, by: admin.id) == .ordersPending)
            #expect(try await repository.user(user.id) == user)

            _ = try await database.lanes.settle([.confirmed(order)], under: lease)
            _ = try await repository.openSession(
                UUID(), of: user.id, passwordHash: "secret hash", client: nil,
                tokenHash: Array(repeating: 1, count: 32),
                lifetime: .seconds(60), limit: 20)
            try await repository.requestPasswordReset(
                email: user.email, token: "t", tokenHash: Array(repeating: 2, count: 32), lifetime: .seconds(60))
            _ = try await repository.changeUser(user.id, UserChange(name: "Ada King"), by: admin.id)
            let orderBefore = try await repository.order(order.intent.order)
            let ledger = try await repository.ledger(of: event.id)
            let payments = try database.sql("SELECT * FROM payments")

            #expect(try await repository.deleteUser(user.id, by: admin.id) == .anonymised)
            #expect(try await repository.user(user.id) == nil)
            #expect(try await repository.credentials(email: "lovelace@example.com") == nil)
            #expect(try await repository.users(containing: nil, after: nil, limit: 10).items.map(\.id) == [admin.id])
            #expect(try await repository.personalData(of: user.id) == nil)
            #expect(try await repository.order(order.intent.order) == orderBefore)
            #expect(orderBefore?.tickets.count == 2)
            #expect(try await repository.ledger(of: event.id) == ledger)
            #expect(try database.sql("SELECT * FROM payments") == payments)
            // Nothing of the person is left anywhere. No trace is of letters that a random id may have.
            for table in ["users", "refresh_tokens", "password_resets", "mails", "audit_log", "ticket_orders"] {
                let rows = try database.sql("SELECT t::text FROM \(table) t")
                for trace in ["lovelace", "Ada ", "Lovelace", "King", "secret"] {
                    #expect(!rows.contains(trace), "\(trace) in \(table)")
                }
            }
            #expect(
                try database.sql("SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE action LIKE 'user.%'")
                    == "user.update user.delete")
            #expect(
                try database.sql("SELECT email FROM users WHERE id = '\(user.id)'") == "\(user.id)@deleted.invalid")
            #expect(try await repository.deleteUser(user.id, by: admin.id) == .unknown)
            // The address is free for somebody else.
            _ = try await database.makeUser("lovelace@example.com")
        }
    }

    @Test func anOrderThatIsBeingWrittenKeepsTheAccount() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser()
            let event = try await database.makeEvent(100)
            let deletion = try await database.postgres.withTransaction { connection in
                try await connection.query(
                    """
                    INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency,
                                               payment_method, status, stream_id)
                    VALUES (\(OrderID.random()), \(user.id), \(event.id), 0, 1, 1, 'EUR', 'x', 'confirmed', '1-1')
                    """)
                let deletion = Task { try await database.repository.deleteUser(user.id, by: nil) }
                try await eventually("the deletion waits for the order") {
                    try database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "0"
                }
                return deletion
            }
            #expect(try await deletion.value == .anonymised)
            #expect(try database.count("ticket_orders") == 1)
        }
    }

    // MARK: - Outside identity provider

    @Test func aPersonOfAProviderGetsOneAccountAndNobodysAddress() async throws {
        try await withDatabase { database async throws in
            let repository = database.repository
            let taken = try await database.makeUser("ada@example.com")
            let (ada, bob) = (UserID(), UserID())
            let made = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await repository.admitProvided(bob, email: EmailAddress("bob@example.com")) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(made == Array(repeating: true, count: 8))
            #expect(try await repository.user(bob)?.email == "bob@example.com")
            #expect(try await repository.admitProvided(ada, email: EmailAddress("ADA@example.com")))
            #expect(try await repository.user(ada)?.email == "\(ada)@provider.invalid")
            #expect(try await repository.credentials(email: "bob@example.com") == nil)
            #expect(try await repository.credentials(email: "ada@example.com")?.user == taken)
            #expect(try await repository.passwordHash(of: bob) == nil)
            // An administrator without a password is none who can sign in here.
            let admin = try await Self.admin(database)
            try database.sql("UPDATE users SET role = 'admin' WHERE id = '\(bob)'")
            #expect(try await repository.deleteUser(admin.id, by: nil) == .lastAdmin)

            let event = try await database.makeEvent(10)
            let lease = try await database.lease(for: event.id)
            let order = QueuedIntent.sample(event.id, ada)
            try await database.commitNew([order], under: lease)
            _ = try await database.lanes.settle([.confirmed(order)], under: lease)
            #expect(try await repository.deleteUser(ada, by: nil) == .anonymised)
            #expect(try await repository.admitProvided(ada, email: nil) == false)
        }
    }

    // MARK: - Export

    @Test func thePersonalDataIsWhole() async throws {
        try await withDatabase { database async throws in
            let user = try await database.makeUser("ada@example.com")
            let other = try await database.makeUser("bob@example.com")
            let event = try await database.makeEvent(100)
            let lease = try await database.lease(for: event.id)
            let orders = [
                QueuedIntent.sample(event.id, user.id, quantity: 2), QueuedIntent.sample(event.id, other.id),
            ]
            try await database.commitNew(orders, under: lease)
            _ = try await database.lanes.settle(
                orders.map { .confirmed($0, reference: "ch_\($0.intent.order)") }, under: lease)
            try await database.repository.requestPasswordReset(
                email: user.email, token: "mailed secret", tokenHash: Array(repeating: 2, count: 32),
                lifetime: .seconds(60))
            _ = try await database.repository.openSession(
                UUID(), of: user.id, passwordHash: "-", client: nil, tokenHash: Array(repeating: 1, count: 32),
                lifetime: .seconds(60), limit: 20)

            let text = try #require(try await database.repository.personalData(of: user.id))
            #expect(!text.contains("mailed secret"))
            let data = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            func list(_ name: String) -> [[String: Any]] { data[name] as? [[String: Any]] ?? [] }
            let account = data["account"] as? [String: Any]
            #expect(account?["email"] as? String == "ada@example.com")
            #expect((account?["createdAt"] as? String)?.hasSuffix("Z") == true)
            #expect(list("orders").compactMap { $0["id"] as? String } == [orders[0].intent.order.description])
            #expect((list("orders").first?["totalPrice"] as? [String: Any])?["amount"] as? Int == 9_100)
            #expect(list("tickets").count == 2)
            #expect(list("payments").compactMap { $0["reference"] as? String } == ["ch_\(orders[0].intent.order)"])
            #expect(list("mails").compactMap { $0["kind"] as? String }.contains("password_reset"))
            #expect(list("sessions").count == 1)
            #expect(try await database.repository.personalData(of: UserID()) == nil)
            let empty = try #require(try await database.repository.personalData(of: database.makeUser().id))
            #expect(empty.contains("\"orders\": []"))
        }
    }
}
