package import Logging
package import PostgresClient
package import struct Foundation.Date

/// Brings the schema of a database to a version and tells which it has.
///
/// Each migration is one transaction that first takes an advisory lock and then looks at what is applied already, so any
/// number of programs may migrate at once: the others wait, and then find the work done.
package struct Migrator: Sendable {
    private let postgres: PostgresClient
    private let migrations: [Migration]
    private let logger: Logger

    /// The lock's key, "onsale" in ASCII: advisory locks have numbers, and all programs of a database share them.
    static let lockKey: Int64 = 0x6f6e_7361_6c65
    /// How long a statement of a migration may take, the wait for another migrator included: an index on a table of
    /// ten million orders takes about a minute.
    private static let statementTimeout: Duration = .seconds(3_600)

    package init(postgres: PostgresClient, migrations: [Migration] = Migration.all, logger: Logger) {
        self.postgres = postgres
        self.migrations = migrations.sorted { $0.version < $1.version }
        self.logger = logger
    }

    /// Applies what is missing, oldest first, and returns that. Each migration is kept on its own: an error leaves those
    /// before it applied.
    package func up() async throws(MigrationError) -> [Migration] {
        var done: [Migration] = []
        while let migration = try await step({ applied in migrations.first { applied[$0.version] == nil } }, .up) {
            done.append(migration)
        }
        return done
    }

    /// Undoes what is newer than `version` (0: everything), newest first, and returns that. Data of the tables that go
    /// is lost.
    package func down(to version: Int) async throws(MigrationError) -> [Migration] {
        guard version == 0 || migrations.contains(where: { $0.version == version }) else {
            throw MigrationError(.noSuchVersion, "there is no migration \(version)")
        }
        var done: [Migration] = []
        let newest = { @Sendable (applied: [Int: AppliedMigration]) in
            migrations.last { $0.version > version && applied[$0.version] != nil }
        }
        while let migration = try await step(newest, .down) { done.append(migration) }
        return done
    }

    /// Undoes the newest migration and returns it; nil when there is none.
    package func downOneStep() async throws(MigrationError) -> Migration? {
        try await step({ applied in migrations.last { applied[$0.version] != nil } }, .down)
    }

    /// Every migration that this program knows or the database has, in order. Changes nothing, not even on a database
    /// that was never migrated.
    package func status() async throws(MigrationError) -> [MigrationStatus] {
        let applied: [Int: AppliedMigration]
        do throws(PostgresError) {
            let isThere = try await postgres.query(SelectMigrationTable.query).rows.first?.decode(Bool.self) ?? false
            applied = isThere ? try await read(postgres.query(SelectAppliedMigrations.query)) : [:]
        } catch {
            throw MigrationError(error)
        }
        let versions = Set(migrations.map(\.version)).union(applied.keys).sorted()
        return versions.map { version in
            let known = migrations.first { $0.version == version }
            let found = applied[version]
            let state: MigrationStatus.State =
                switch (known, found) {
                case (_, nil): .pending
                case (nil, _): .unknown
                case (let known?, let found?): known.checksum == found.checksum ? .applied : .changed
                }
            return MigrationStatus(
                version: version, name: known?.name ?? found?.name ?? "", state: state, appliedAt: found?.appliedAt)
        }
    }

    private enum Direction { case up, down }

    /// Runs the migration that `choose` picks from what is applied, in one transaction under the lock.
    private func step(
        _ choose: @Sendable ([Int: AppliedMigration]) -> Migration?, _ direction: Direction
    ) async throws(MigrationError) -> Migration? {
        var current: Migration?
        do {
            return try await postgres.withTransaction { connection in
                try await connection.query(LockMigrations.query, timeout: Self.statementTimeout)
                try await connection.query(CreateMigrationTable.query)
                let applied = try read(await connection.query(SelectAppliedMigrations.query))
                try check(applied)
                current = choose(applied)
                guard let migration = current else { return nil }
                switch direction {
                case .up:
                    try await connection.execute(script: migration.up, timeout: Self.statementTimeout)
                    try await connection.query(InsertAppliedMigration.query(migration))
                case .down:
                    try await connection.execute(script: migration.down, timeout: Self.statementTimeout)
                    try await connection.query(DeleteAppliedMigration.query(migration))
                }
                logger.info(
                    "migration.done",
                    metadata: ["migration.version": "\(migration.version)", "migration.direction": "\(direction)"])
                return migration
            }
        } catch {
            throw MigrationError(error, during: current)
        }
    }

    private func read(_ result: PostgresResult) throws(PostgresError) -> [Int: AppliedMigration] {
        var applied: [Int: AppliedMigration] = [:]
        for row in result.rows {
            let migration = try AppliedMigration(row)
            applied[migration.version] = migration
        }
        return applied
    }

    /// Refuses to touch a database whose schema is not the one this program would have made.
    private func check(_ applied: [Int: AppliedMigration]) throws(MigrationError) {
        for found in applied.values.sorted(by: { $0.version < $1.version }) {
            guard let known = migrations.first(where: { $0.version == found.version }) else {
                throw MigrationError(
                    .unknownVersion,
                    "the database has migration \(found.version) (\(found.name)), which this program does not know: "
                        + "use the version of it that does")
            }
            guard known.checksum == found.checksum else {
                throw MigrationError(
                    .changed,
                    "migration \(known.version) (\(known.name)) was changed after it was applied: the database has "
                        + "checksum \(found.checksum.prefix(12)), the program \(known.checksum.prefix(12))")
            }
        }
    }
}

/// One line of `migrate status`.
package struct MigrationStatus: Hashable, Sendable {
    package enum State: String, Sendable {
        case applied, pending
        /// Applied with another text than the program has.
        case changed
        /// Applied by a newer program.
        case unknown
    }

    package let version: Int
    package let name: String
    package let state: State
    package let appliedAt: Date?
}
