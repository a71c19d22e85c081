import PostgresClient

import struct Foundation.Date

/// Waits for other migrators until the end of the transaction.
enum LockMigrations {
    static let query: PostgresQuery = "SELECT pg_advisory_xact_lock(\(Migrator.lockKey))"
}

/// The list of what was applied is older than any migration, so it is no part of one. Only run under the lock: two
/// sessions that make one table at the same time fail on its type, `IF NOT EXISTS` or not.
enum CreateMigrationTable {
    static let query: PostgresQuery = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version    integer PRIMARY KEY CHECK (version > 0),
            name       text NOT NULL,
            checksum   text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
}

enum SelectMigrationTable {
    static let query: PostgresQuery = "SELECT to_regclass('schema_migrations') IS NOT NULL"
}

enum SelectAppliedMigrations {
    static let query: PostgresQuery = "SELECT version, name, checksum, applied_at FROM schema_migrations"
}

enum InsertAppliedMigration {
    static func query(_ migration: Migration) -> PostgresQuery {
        """
        INSERT INTO schema_migrations (version, name, checksum)
        VALUES (\(Int32(migration.version)), \(migration.name), \(migration.checksum))
        """
    }
}

enum DeleteAppliedMigration {
    static func query(_ migration: Migration) -> PostgresQuery {
        "DELETE FROM schema_migrations WHERE version = \(Int32(migration.version))"
    }
}

/// A row of `schema_migrations`.
struct AppliedMigration: Sendable {
    let version: Int
    let name: String
    let checksum: String
    let appliedAt: Date

    init(_ row: PostgresRow) throws(PostgresError) {
        let (version, name, checksum, appliedAt) = try row.decode(Int32.self, String.self, String.self, Date.self)
        self.version = Int(version)
        self.name = name
        self.checksum = checksum
        self.appliedAt = appliedAt
    }
}
