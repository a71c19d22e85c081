import Glibc
import TestSupport
import Testing

@testable import PostgresClient

@Suite(.serialized) struct DeadlineTests {
    private let sleep: PostgresQuery = "SELECT pg_sleep(60)"

    private func backend(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT pg_backend_pid()").rows[0].decode(Int.self)
    }

    @Test func aStatementEndsAtItsDeadlineAndTheConnectionLivesOn() async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                let before = try await backend(connection)
                for _ in 0..<3 {
                    let error = try await failure { try await connection.query(sleep, timeout: .milliseconds(50)) }
                    #expect(error?.code == .deadlineExceeded)
                    #expect(error?.mayHaveRun == false)
                    // Nothing of the request to stop is left to hit this one.
                    #expect(try await backend(connection) == before)
                }
                let batch = try await failure {
                    try await connection.batch(["SELECT 1", sleep], timeout: .milliseconds(50))
                }
                #expect(batch?.code == .deadlineExceeded)
                let script = try await failure {
                    try await connection.execute(script: "SELECT 1; SELECT pg_sleep(60)", timeout: .milliseconds(50))
                }
                #expect(script?.code == .deadlineExceeded)
                #expect(try await backend(connection) == before)
            }
        }
    }

    @Test func aCancelledTaskEndsItsStatementAndTheConnectionLivesOn() async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                let before = try await backend(connection)
                let task = Task { try await connection.query(sleep) }
                try await eventually("the statement runs") {
                    try await client.value(
                        "SELECT count(*) FROM pg_stat_activity WHERE pid = \(before) AND wait_event = 'PgSleep'",
                        as: Int.self) == 1
                }
                task.cancel()
                let error = try await failure { try await task.value }
                #expect(error?.code == .cancelled)
                #expect(error?.mayHaveRun == false)
                #expect(try await backend(connection) == before)
            }
        }
    }

    /// Deadlines from at once to 2 ms after the statement is sent: some requests to stop reach the server before it.
    @Test func aRequestToStopThatComesTooEarlyIsRepeated() async throws {
        try await withDatabase { client in
            try await client.withConnection { connection in
                let before = try await backend(connection)
                for round in 0..<100 {
                    let error = try await failure {
                        try await connection.query(sleep, timeout: .microseconds(20 * round))
                    }
                    #expect(error?.code == .deadlineExceeded)
                    #expect(error?.mayHaveRun == false)
                }
                #expect(try await backend(connection) == before)
            }
        }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        try await withDatabase { client in
            try await client.query("CREATE TABLE t (id int8)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await client.query("INSERT INTO t VALUES (1)")
            }
            #expect(try await failure { try await task.value }?.code == .cancelled)
            #expect(try await client.value("SELECT count(*) FROM t", as: Int.self) == 0)
        }
    }

    @Test func aServerThatDoesNotAnswerIsGivenUp() async throws {
        let server = try await blocking { try PostgresServer() }
        try await withClient(url: server.url, configure: { $0.cancelGrace = .milliseconds(100) }) { client in
            try await client.withConnection { connection in
                let backend = Int32(try await backend(connection))
                try await connection.query("SELECT 1")
                kill(backend, SIGSTOP)
                let error = try await failure { try await connection.query("SELECT 1", timeout: .milliseconds(50)) }
                kill(backend, SIGCONT)
                #expect(error?.code == .deadlineExceeded)
                #expect(error?.mayHaveRun == true)
                #expect(try await failure { try await connection.query("SELECT 1") }?.code == .connection)
            }
            #expect(try await client.value("SELECT 1::int8", as: Int.self) == 1)
        }
        try await blocking { server.stop() }
    }

    @Test func connectingEndsAtItsDeadline() async throws {
        let server = try await blocking { try PostgresServer() }
        let postmaster = server.pid
        kill(postmaster, SIGSTOP)
        try await withClient(
            url: server.url,
            configure: {
                $0.connectTimeout = .milliseconds(50)
                $0.acquireTimeout = .milliseconds(300)
            }
        ) { client in
            let error = try await failure { try await client.query("SELECT 1") }
            #expect(error?.code == .connection)
            #expect(error?.mayHaveRun == false)
            kill(postmaster, SIGCONT)
        }
        try await blocking { server.stop() }
    }

    /// More sleeping statements than the cooperative pool has threads, and still other tasks run.
    @Test func waitingForPostgresBlocksNoTask() async throws {
        try await withDatabase(configure: { $0.maxConnections = 10 }) { client in
            try await withThrowingTaskGroup { group in
                for _ in 0..<10 {
                    group.addTask { _ = try await failure { try await client.query(sleep) } }
                }
                try await eventually("all connections are in use") { client.statistics.leased == 10 }
                let start = ContinuousClock.now
                for _ in 0..<100 { await Task { await Task.yield() }.value }
                #expect(ContinuousClock.now - start < .seconds(5))
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(client.statistics.idle == 10)
        }
    }
}
