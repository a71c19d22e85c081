import TestSupport
import Testing

@testable import PostgresClient

@Suite struct ErrorTests {
    @Test func aViolatedConstraintIsNamed() async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                try await connection.execute(
                    script: """
                        CREATE TABLE parent (id int8 PRIMARY KEY);
                        CREATE TABLE child (
                            id int8 PRIMARY KEY,
                            parent int8 NOT NULL CONSTRAINT child_parent REFERENCES parent,
                            n int8 CONSTRAINT n_positive CHECK (n > 0));
                        INSERT INTO parent VALUES (1);
                        """)
            }
            let cases: [(PostgresQuery, SQLState, String?)] = [
                ("INSERT INTO parent VALUES (1)", .uniqueViolation, "parent_pkey"),
                ("INSERT INTO child VALUES (1, 2, 1)", .foreignKeyViolation, "child_parent"),
                ("INSERT INTO child VALUES (1, 1, 0)", .checkViolation, "n_positive"),
                ("INSERT INTO child VALUES (1, NULL, 1)", .notNullViolation, nil),
                ("SELECT * FROM nowhere", .undefinedTable, nil),
                ("SELECT nothing FROM parent", .undefinedColumn, nil),
                ("SELEC", .syntaxError, nil),
                ("SELECT \("x")::int8", .invalidTextRepresentation, nil),
                ("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$", .raiseException, nil),
            ]
            for (query, state, constraint) in cases {
                let error = try #require(try await failure { try await client.query(query) })
                #expect(error.code == .server)
                #expect(error.sqlState == state)
                #expect(error.constraint == constraint)
                #expect(!error.mayHaveRun)
            }
            let unique = try await failure { try await client.query("INSERT INTO parent VALUES (1)") }
            #expect(unique?.table == "parent")
            #expect(unique?.detail == "Key (id)=(1) already exists.")
            #expect(unique?.description.contains("(1)") == false)
            #expect(client.statistics == PostgresPoolStatistics(idle: 1, leased: 0, connecting: 0, waiting: 0))
        }
    }

    @Test func aConstraintCheckedAtCommitFailsTheStatement() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8 UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            try await client.query("INSERT INTO t VALUES (1)")
            let single = try await failure { try await client.query("INSERT INTO t VALUES (1)") }
            #expect(single?.sqlState == .uniqueViolation)
            let batch = try await failure {
                try await client.batch(["INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (1)"])
            }
            #expect(batch?.sqlState == .uniqueViolation)
            #expect(batch?.batchIndex == nil)
            let transaction = try await failure {
                try await client.withTransaction { try await $0.query("INSERT INTO t VALUES (1)") }
            }
            #expect(transaction?.sqlState == .uniqueViolation)
            #expect(transaction?.mayHaveRun == false)
            #expect(try await client.value("SELECT count(*) FROM t", as: Int.self) == 1)
        }
    }

    @Test func aDeadlockIsFoundAndNamed() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8 PRIMARY KEY, n int8)")
            try await client.query("INSERT INTO t VALUES (1, 0), (2, 0)")
            let (one, two) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
            /// Updates two rows in one transaction, the second only when the other side holds it.
            @Sendable func update(
                _ first: Int, _ second: Int, holds: AsyncStream<Void>.Continuation, waitsFor: AsyncStream<Void>
            ) async throws -> SQLState? {
                try await failure {
                    try await client.withTransaction { connection in
                        try await connection.query("UPDATE t SET n = n + 1 WHERE id = \(first)")
                        holds.yield()
                        for await _ in waitsFor { break }
                        try await connection.query("UPDATE t SET n = n + 1 WHERE id = \(second)")
                    }
                }?.sqlState
            }
            async let first = update(1, 2, holds: one.continuation, waitsFor: two.stream)
            async let second = update(2, 1, holds: two.continuation, waitsFor: one.stream)
            let states = [try await first, try await second]
            #expect(states.compactMap(\.self) == [.deadlockDetected])
        }
    }

    @Test func aLockThatIsNotWaitedForIsNamed() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8)")
            try await client.withTransaction { holder in
                try await holder.query("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
                let error = try await failure {
                    try await client.withTransaction { try await $0.query("LOCK TABLE t NOWAIT") }
                }
                #expect(error?.sqlState == .lockNotAvailable)
                #expect(error?.isTransient == true)
            }
        }
    }

    @Test func copyIsRefusedAndTheConnectionReplaced() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8)")
            let error = try await failure {
                try await client.withConnection { try await $0.execute(script: "COPY t FROM STDIN") }
            }
            #expect(error?.code == .invalidArgument)
            #expect(try await client.value("SELECT 1::int8", as: Int.self) == 1)
        }
    }

    @Test func aRefusedConnectionFailsAtOnceWithItsState() async throws {
        let server = try await blocking { try PostgresServer.shared }
        let unknown = try await withClient(url: server.url(database: "no_such_database")) { client in
            let start = ContinuousClock.now
            let error = try await failure { try await client.query("SELECT 1") }
            #expect(ContinuousClock.now - start < .seconds(30))
            return error
        }
        #expect(unknown?.code == .connection)
        #expect(unknown?.sqlState == .unknownDatabase)
        #expect(unknown?.isTransient == false)
    }
}
