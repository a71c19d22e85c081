import Glibc
import TestSupport
import Testing

@testable import PostgresClient

@Suite(.serialized) struct RecoveryTests {
    @Test(arguments: [PostgresServer.Shutdown.fast, .immediate])
    func afterARestartStatementsWorkAgain(shutdown: PostgresServer.Shutdown) async throws {
        let server = try await blocking { try PostgresServer() }
        try await withClient(url: server.url) { client in
            try await client.query("CREATE TABLE t (id int8)")
            for round in 0..<2 {
                try await blocking { try server.restart(shutdown) }
                // Idle connections that the server ended are noticed before they are used.
                try await client.query("INSERT INTO t VALUES (\(round))")
            }
            #expect(try await client.value("SELECT count(*) FROM t", as: Int.self) == 2)
        }
        try await blocking { server.stop() }
    }

    @Test func aStatementWaitsForAServerThatIsStarting() async throws {
        let server = try await blocking { try PostgresServer() }
        try await blocking { server.stop() }
        try await withClient(url: server.url, configure: { $0.acquireTimeout = .seconds(60) }) { client in
            async let value = client.value("SELECT 7::int8", as: Int.self)
            try await eventually("an attempt to connect") { client.statistics.connecting == 1 }
            try await blocking { try server.start() }
            #expect(try await value == 7)
        }
        try await blocking { server.stop() }
    }

    @Test func whileTheServerIsAwayCallersLearnWhy() async throws {
        let port = try freePort()
        try await withClient(
            url: "postgres://onsale@127.0.0.1:\(port)/postgres", configure: { $0.acquireTimeout = .milliseconds(200) }
        ) { client in
            let start = ContinuousClock.now
            let error = try await failure { try await client.query("SELECT 1") }
            #expect(ContinuousClock.now - start >= .milliseconds(200))
            #expect(error?.code == .connection)
            #expect(error?.message.contains("refused") == true)
            #expect(error?.isTransient == true)
            #expect(error?.mayHaveRun == false)
        }
    }

    @Test func aBackendKilledInMidStatementSaysThatItMayHaveRun() async throws {
        let server = try await blocking { try PostgresServer() }
        try await withClient(url: server.url, configure: { $0.acquireTimeout = .seconds(60) }) { client in
            async let outcome = failure { try await client.query("SELECT pg_sleep(60), 'victim'") }
            var backend: Int?
            try await eventually("the statement runs") {
                backend = try await client.query(
                    """
                    SELECT pid FROM pg_stat_activity
                    WHERE query LIKE '%victim%' AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()
                    """
                ).rows.first?.decode(Int.self)
                return backend != nil
            }
            kill(Int32(try #require(backend)), SIGKILL)
            let error = try await outcome
            #expect(error?.code == .connection)
            #expect(error?.mayHaveRun == true)
            // The postmaster restarts all backends; ours come back by themselves.
            try await eventually("statements work again") {
                try await failure { try await client.query("SELECT 1") } == nil
            }
        }
        try await blocking { server.stop() }
    }

    @Test func anIdleConnectionThatWasEndedIsReplacedUnnoticed() async throws {
        let url = try await database()
        try await withClient(url: url) { client in
            for _ in 0..<5 {
                let backend = try await client.value("SELECT pg_backend_pid()", as: Int.self)
                _ = try await blocking { try PostgresServer.shared.psql("SELECT pg_terminate_backend(\(backend))") }
                while kill(Int32(backend), 0) == 0 { await Task.yield() }
            }
        }
    }

    @Test func fullServersAreWaitedFor() async throws {
        let server = try await blocking {
            try PostgresServer(settings: ["max_connections": "4", "superuser_reserved_connections": "0"])
        }
        try await withClient(url: server.url, configure: { $0.maxConnections = 4 }) { first in
            try await withClient(url: server.url, configure: { $0.acquireTimeout = .seconds(60) }) { second in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<4 {
                        group.addTask { _ = try await failure { try await first.query("SELECT pg_sleep(60)") } }
                    }
                    try await eventually("all places are taken") {
                        first.statistics.leased == 4 && first.statistics.connecting == 0
                    }
                    async let value = second.value("SELECT 7::int8", as: Int.self)
                    try await eventually("an attempt to connect") { second.statistics.connecting == 1 }
                    group.cancelAll()
                    try await group.waitForAll()
                    await first.close()
                    #expect(try await value == 7)
                }
            }
        }
        try await blocking { server.stop() }
    }
}
