import Foundation
import PostgresClient
import TestSupport
import Testing

@testable import OrderRepository

/// The version of the last migration there is.
private let known = Migration.all.count

@Suite struct MigratorTests {
    /// Everything of the schema that a migration could leave behind or forget.
    private static let schema = """
        SELECT concat(relkind, ' ', relname) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname !~ '^schema_migrations' ORDER BY 1
        """

    @Test func upDownAndUpAgainGiveTheSameSchemaAndNothingInBetween() async throws {
        try await withDatabase { database async throws in
            let schema = try database.sql(Self.schema)
            #expect(schema.contains("r ticket_orders"))
            #expect(try await database.migrator.status().allSatisfy { $0.state == .applied && $0.appliedAt != nil })
            #expect(try await database.migrator.down(to: 0).map(\.version) == Migration.all.map(\.version).reversed())
            #expect(try database.sql(Self.schema) == "")
            #expect(try await database.migrator.status().allSatisfy { $0.state == .pending && $0.appliedAt == nil })
            #expect(try await database.migrator.up() == Migration.all)
            #expect(try database.sql(Self.schema) == schema)
            #expect(try await database.migrator.up() == [])
        }
    }

    @Test func everyFileOfTheFolderIsInTheListAndNothingElse() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Shared/OrderRepository/Migrations").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }
        var expected: Set<String> = []
        for migration in Migration.all {
            let stem =
                String(repeating: "0", count: 4 - "\(migration.version)".count)
                + "\(migration.version)_\(migration.name)"
            for (suffix, text) in [("up", migration.up), ("down", migration.down)] {
                let file = "\(stem).\(suffix).sql"
                expected.insert(file)
                #expect(try String(contentsOf: folder.appending(path: file), encoding: .utf8) == text, "\(file)")
            }
        }
        #expect(Set(files) == expected)
        #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
    }

    @Test func aMigrationThatWasEditedAfterItWasAppliedIsRefused() async throws {
        try await withDatabase { database async throws in
            let edited =
                [Migration(version: 1, name: "initial", up: Migration.all[0].up + " ", down: "")]
                + Migration.all.dropFirst()
            let migrator = Migrator(postgres: database.postgres, migrations: edited, logger: TestDatabase.logger)
            #expect(try await migrator.status().map(\.state).first == .changed)
            for attempt in [{ _ = try await migrator.up() }, { _ = try await migrator.downOneStep() }] {
                let error = await #expect(throws: MigrationError.self) { try await attempt() }
                #expect(error?.code == .changed)
                #expect(error?.message.contains("migration 1 (initial)") == true)
            }
            #expect(try await database.migrator.up() == [], "the unedited list is still accepted")
        }
    }

    @Test func aDatabaseOfANewerProgramIsRefused() async throws {
        try await withDatabase { database async throws in
            let newer = Migrator(
                postgres: database.postgres, migrations: Migration.all + [.step(1), .step(2)],
                logger: TestDatabase.logger)
            #expect(try await newer.up().map(\.version) == [known + 1, known + 2])
            let error = await #expect(throws: MigrationError.self) { try await database.migrator.up() }
            #expect(error?.code == .unknownVersion)
            #expect(try await database.migrator.status().map(\.state).suffix(3) == [.applied, .unknown, .unknown])
        }
    }

    @Test func stepsDownStopWhereTheyAreAskedTo() async throws {
        try await withDatabase { database async throws in
            let migrator = Migrator(
                postgres: database.postgres, migrations: Migration.all + [.step(1), .step(2), .step(3)],
                logger: TestDatabase.logger)
            _ = try await migrator.up()
            #expect(try await migrator.downOneStep()?.version == known + 3)
            #expect(try await migrator.down(to: known).map(\.version) == [known + 2, known + 1])
            #expect(try await migrator.down(to: known) == [])
            let error = await #expect(throws: MigrationError.self) { try await migrator.down(to: known + 6) }
            #expect(error?.code == .noSuchVersion)
            #expect(try await migrator.up().map(\.version) == [known + 1, known + 2, known + 3])
        }
    }

    @Test func aMigrationThatFailsLeavesNothingOfItselfAndKeepsThoseBeforeIt() async throws {
        try await withDatabase { database async throws in
            let broken = Migration(version: known + 2, name: "broken", up: "CREATE TABLE half (); SELECT 1/0", down: "")
            let migrator = Migrator(
                postgres: database.postgres, migrations: Migration.all + [.step(1), broken], logger: TestDatabase.logger
            )
            let error = await #expect(throws: MigrationError.self) { try await migrator.up() }
            #expect(error?.code == .failed)
            #expect(error?.message.contains("migration \(known + 2) (broken)") == true)
            #expect(error?.message.contains("22012") == true, "Postgres' own reason is part of it")
            #expect(try database.sql("SELECT to_regclass('half') IS NULL") == "t")
            #expect(try await migrator.status().map(\.state).suffix(3) == [.applied, .applied, .pending])
        }
    }

    @Test func manyThatMigrateAtOnceTakeTurnsAndEachStepIsAppliedOnce() async throws {
        let database = try TestDatabase.empty()
        let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
            for _ in 0..<4 { group.addTask { try await database.migrator.up() } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        // They take turns step by step, and end in any order.
        #expect(applied.sorted { $0.version < $1.version } == Migration.all)
        await database.close()
    }

    @Test func aMigratorWaitsForAnotherUntilThatOneHasCommitted() async throws {
        let database = try TestDatabase.empty()
        async let second = database.postgres.withTransaction { connection in
            try await connection.query(LockMigrations.query)
            let waiting = Task { try await database.migrator.up() }
            try await eventually("the migrator waits for the lock") {
                try database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'") != "0"
            }
            #expect(try database.sql("SELECT to_regclass('ticket_orders') IS NULL") == "t")
            return waiting
        }
        #expect(try await second.value == Migration.all)
        await database.close()
    }

    @Test func statusOfADatabaseThatWasNeverMigratedChangesNothing() async throws {
        let database = try TestDatabase.empty()
        #expect(try await database.migrator.status().map(\.state) == Migration.all.map { _ in .pending })
        #expect(try database.sql("SELECT to_regclass('schema_migrations') IS NULL") == "t")
        await database.close()
    }

    @Test func anUnreachableServerIsSaidToBeUnavailable() async throws {
        var configuration = try PostgresConfiguration(url: "postgres://onsale@127.0.0.1:\(try freePort())/none")
        configuration.acquireTimeout = .milliseconds(200)
        let postgres = PostgresClient(configuration: configuration, logger: TestDatabase.logger)
        let migrator = Migrator(postgres: postgres, logger: TestDatabase.logger)
        let error = await #expect(throws: MigrationError.self) { try await migrator.up() }
        #expect(error?.code == .unavailable)
        await postgres.close()
    }
}

extension Migration {
    /// So many steps after the last one there is.
    fileprivate static func step(_ number: Int) -> Migration {
        Migration(
            version: known + number, name: "step", up: "CREATE TABLE step_\(number) ()",
            down: "DROP TABLE step_\(number)")
    }
}
