import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

/// P39: what the planner makes of a lane's statements on a database that was vacuumed while it was empty.
@Suite struct PlanTests {
    @Test func aSaleOnAFreshVacuumedDatabaseReadsNoTableFromEndToEnd() async throws {
        try await withFreshDatabase { database, event, users in
            let orders = 30_000
            try await sell(orders, batch: 1_000, database, event, users, lanes: database.lanes)
            let scans = try await scans(database, closing: database.lanePostgres)
            for table in ["users", "ticket_orders", "tickets", "payments", "pending_orders"] {
                #expect(scans[table]?.sequential == 0, "\(table)")
            }
            // Nor does it read an index from end to end, which would grow with the square of the orders. Each order is
            // looked up when it is settled, and by the checks of its ticket and its payment; each buyer by one check.
            #expect(try #require(scans["ticket_orders"]).indexTuples <= orders * 3)
            #expect(try #require(scans["pending_orders"]).indexTuples <= orders)
            #expect(try #require(scans["users"]).indexTuples <= orders)
        }
    }

    /// A sale that begins quietly: the plans are made on tables of a few rows.
    @Test(arguments: [1, 2, 20, 300])
    func plansMadeOnTablesOfAFewRowsServeAsWell(rows: Int) async throws {
        try await withFreshDatabase { database, event, users in
            try await sell(rows, batch: 1, database, event, users, lanes: database.lanes)
            try database.sql("VACUUM ANALYZE")
            // From its sixth use on a statement has one plan for all arguments.
            try await sell(10, batch: 1, database, event, users, lanes: database.lanes)
            try await sell(10_000, batch: 500, database, event, users, lanes: database.lanes)
            let scans = try await scans(database, closing: database.lanePostgres)
            for table in ["users", "ticket_orders", "tickets", "payments", "pending_orders"] {
                #expect(scans[table]?.sequential == 0, "\(table)")
            }
            #expect(try #require(scans["ticket_orders"]).indexTuples <= (10_010 + rows) * 3)
            #expect(try #require(scans["pending_orders"]).indexTuples <= 10_010 + rows)
        }
    }

    /// Negative control: in sessions as they come, the checks of the foreign keys read whole tables.
    @Test func withoutTheLanesSettingsTheyWouldNot() async throws {
        try await withFreshDatabase { database, event, users in
            let plain = PostgresLaneRepository(postgres: try TestDatabase.client(database.url))
            try await sell(10, batch: 1, database, event, users, lanes: plain)
            try await sell(1_000, batch: 200, database, event, users, lanes: plain)
            let scans = try await scans(database, closing: plain.postgres)
            #expect(try #require(scans["ticket_orders"]).sequential >= 1_000)
        }
    }

    @Test func theSettingsJoinTheOptionsThatAURLHas() throws {
        let settings = PostgresLaneRepository.sessionSettings.map { "-c%20\($0.replacing("=", with: "%3D"))" }
            .joined(separator: "%20")
        let expected = [
            "postgres://u@h/d": "postgres://u@h/d?options=\(settings)",
            "postgres://h": "postgres://h?options=\(settings)",
            "postgres://u:why?@h:1/d": "postgres://u:why?@h:1/d?options=\(settings)",
            "postgres://h/d?sslmode=require": "postgres://h/d?sslmode=require&options=\(settings)",
            "postgres://h/d?options=-c%20a%3D1&sslmode=require":
                "postgres://h/d?options=-c%20a%3D1%20\(settings)&sslmode=require",
        ]
        for (url, lane) in expected { #expect(PostgresLaneRepository.laneURL(url) == lane) }
    }

    /// Buyers come after the tables were vacuumed empty, as on the day a shop opens. What was read up to then, by the
    /// making of indexes, is not counted.
    private func withFreshDatabase(_ body: (TestDatabase, EventID, [UserID]) async throws -> Void) async throws {
        try await withDatabase { database async throws in
            try database.sql("VACUUM ANALYZE")
            let event = try await database.makeEvent(1_000_000)
            let users = try database.makeUsers(500)
            await database.postgres.close()
            try await database.waitForEndOfSessions()
            try database.sql("SELECT pg_stat_reset()")
            try await body(database, event.id, users)
        }
    }

    private func sell(
        _ count: Int, batch size: Int, _ database: TestDatabase, _ event: EventID, _ users: [UserID],
        lanes: PostgresLaneRepository
    ) async throws {
        let partition = TestDatabase.partitioning.partition(of: event)
        try database.sql("DELETE FROM worker_leases")
        let lease = try #require(try await lanes.acquireLease(of: partition, owner: "a", for: .seconds(600)))
        for _ in 0..<(count / size) {
            let batch = (0..<size).map { QueuedIntent.sample(event, users[$0 % users.count]) }
            let outcome = try await lanes.commit(batch, under: lease)
            #expect(outcome == .committed(inserted: Set(batch.map(\.entry)), known: [:]))
            let moved = try await lanes.settle(batch.map { .confirmed($0) }, under: lease)
            #expect(moved?.orders.count == size)
        }
    }

    private struct Scans {
        /// Scans of the whole table.
        var sequential: Int
        /// Entries read from its indexes.
        var indexTuples: Int
    }

    /// A session counts its scans until it ends, at the latest: `lane` is closed and its sessions waited for.
    private func scans(_ database: TestDatabase, closing lane: PostgresClient) async throws -> [String: Scans] {
        await lane.close()
        try await database.waitForEndOfSessions()
        let lines = try database.sql(
            """
            SELECT t.relname, t.seq_scan,
                   (SELECT coalesce(sum(i.idx_tup_read), 0) FROM pg_stat_user_indexes i WHERE i.relid = t.relid)
            FROM pg_stat_user_tables t
            """)
        var scans: [String: Scans] = [:]
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: "|")
            scans[String(fields[0])] = Scans(sequential: Int(fields[1]) ?? -1, indexTuples: Int(fields[2]) ?? -1)
        }
        return scans
    }
}
