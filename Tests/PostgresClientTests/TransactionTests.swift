import TestSupport
import Testing

@testable import PostgresClient

private struct Refused: Error {}

/// State of a test that is not `Sendable`: a transaction's body may use its caller's.
private final class Notebook {
    var lines: [String] = []
}

private actor Clerk {
    private let notebook = Notebook()

    func record(_ client: PostgresClient) async throws -> Int {
        try await client.withTransaction { connection in
            notebook.lines.append("begun")
            try await connection.query("INSERT INTO t VALUES (1)")
            notebook.lines.append("inserted")
        }
        return notebook.lines.count
    }
}

@Suite struct TransactionTests {
    /// A client of a database with an empty table `t (id int8 PRIMARY KEY)`.
    private func withTable<T>(
        isolation: isolated (any Actor)? = #isolation,
        configure: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (PostgresClient) async throws -> T
    ) async throws -> T {
        try await withDatabase(configure: configure) { client in
            try await client.query("CREATE TABLE t (id int8 PRIMARY KEY)")
            return try await body(client)
        }
    }

    private func count(_ client: PostgresClient) async throws -> Int {
        try await client.value("SELECT count(*) FROM t")
    }

    @Test func whatReturnsIsCommitted() async throws {
        try await withTable { client in
            let affected = try await client.withTransaction { connection in
                try await connection.query("INSERT INTO t VALUES (1)")
                return try await connection.query("INSERT INTO t VALUES (2), (3)").affected
            }
            #expect(affected == 2)
            #expect(try await count(client) == 3)
        }
    }

    @Test func whatThrowsIsRolledBackAndItsErrorPassedOn() async throws {
        try await withTable { client async throws in
            await #expect(throws: Refused.self) {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    throw Refused()
                }
            }
            #expect(try await count(client) == 0)
            #expect(client.statistics.idle == 1)
        }
    }

    @Test func aCancelledTaskCommitsNothing() async throws {
        try await withTable { client in
            let inserted = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    inserted.continuation.yield()
                    try await connection.query("SELECT pg_sleep(60)")
                }
            }
            for await _ in inserted.stream { break }
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.mayHaveRun == false)
            #expect(try await count(client) == 0)
            #expect(client.statistics == PostgresPoolStatistics(idle: 1, leased: 0, connecting: 0, waiting: 0))
        }
    }

    @Test func aTaskCancelledAtTheEndOfItsBodyCommitsNothing() async throws {
        try await withTable { client async throws in
            let task = Task {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }
            #expect(try await failure { try await task.value }?.code == .cancelled)
            #expect(try await count(client) == 0)
        }
    }

    @Test func anErrorThatTheBodySwallowsFailsTheCommit() async throws {
        try await withTable { client in
            let error = try await failure {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try await failure { try await connection.query("INSERT INTO t VALUES (1)") }
                }
            }
            #expect(error?.code == .transaction)
            #expect(error?.mayHaveRun == false)
            #expect(try await count(client) == 0)
        }
    }

    @Test func aTransactionInATransactionIsRefused() async throws {
        try await withTable { client in
            let error = try await failure {
                try await client.withTransaction { connection in
                    try await connection.withTransaction { _ in }
                }
            }
            #expect(error?.code == .transaction)
        }
    }

    @Test func aTransactionLeftOpenByAConnectionIsUndone() async throws {
        try await withTable { client in
            try await client.withConnection { connection in
                try await connection.query("BEGIN")
                try await connection.query("INSERT INTO t VALUES (1)")
            }
            #expect(client.statistics.idle == 1)
            #expect(try await count(client) == 0)
        }
    }

    @Test func bodiesUseTheStateOfTheirCaller() async throws {
        try await withTable { client in
            #expect(try await Clerk().record(client) == 2)
            let notebook = Notebook()
            let returned = try await client.withTransaction { connection in
                try await connection.query("INSERT INTO t VALUES (2)")
                notebook.lines.append("inserted")
                return notebook
            }
            #expect(returned.lines == ["inserted"])
        }
    }

    /// The backend is ended when the COMMIT has been made but before it answers: a deferred trigger waits for a lock
    /// that the test holds.
    @Test func aCommitWithoutAnAnswerSaysThatItMayHaveHappened() async throws {
        try await withTable { client in
            try await client.withConnection { connection in
                try await connection.execute(
                    script: """
                        CREATE TABLE gate (id int8);
                        CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
                            $$ BEGIN LOCK TABLE gate; RETURN NULL; END $$;
                        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                            FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
                        """)
            }
            let error = try await client.withTransaction { holder in
                try await holder.query("LOCK TABLE gate")
                async let outcome = failure {
                    try await client.withTransaction { try await $0.query("INSERT INTO t VALUES (1)") }
                }
                try await eventually("the COMMIT waits") {
                    // Not by the holder: a transaction sees one state of the other sessions throughout.
                    try await client.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE query = 'COMMIT' AND wait_event_type = 'Lock' AND datname = current_database()
                        """
                    ).rows.count == 1
                }
                return try await outcome
            }
            #expect(error?.code == .connection)
            #expect(error?.sqlState == .adminShutdown)
            #expect(error?.mayHaveRun == true)
        }
    }

    @Test func aConnectionLostInsideATransactionHasKeptNothing() async throws {
        try await withTable { client in
            let error = try await failure {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(error?.code == .connection)
            #expect(error?.mayHaveRun == false)
            #expect(try await count(client) == 0)
        }
    }

    @Test func aTransactionThatIsNotUsedIsEndedByTheServer() async throws {
        try await withTable(configure: { $0.idleInTransactionTimeout = .milliseconds(100) }) { client in
            let error = try await failure {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    try await eventually("the server ends the session") { !connection.condition.isQuiet }
                }
            }
            #expect(error?.code == .connection)
            #expect(error?.sqlState == .idleInTransactionTimeout)
            #expect(try await count(client) == 0)
        }
    }
}
