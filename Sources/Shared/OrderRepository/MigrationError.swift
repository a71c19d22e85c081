import PostgresClient

/// Why the schema was not migrated. Nothing of the migration that failed was kept.
package struct MigrationError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A migration that was applied has another text now: it was edited, or the database is another project's.
        case changed
        /// The database has a migration that this program does not know: a newer version of it was here.
        case unknownVersion = "unknown_version"
        /// There is no migration of the number that was asked for.
        case noSuchVersion = "no_such_version"
        /// Postgres is not reachable.
        case unavailable
        /// Postgres refused a statement of a migration.
        case failed
    }

    package let code: Code
    package let message: String
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// Translates at the module's border. Postgres' own detail is kept: a migration's rows are no secret to who runs it.
    init(_ error: any Error, during migration: Migration? = nil) {
        if let error = error as? MigrationError {
            self = error
            return
        }
        let step = migration.map { "migration \($0.version) (\($0.name)): " } ?? ""
        guard let error = error as? PostgresError else {
            self.init(.failed, "\(step)\(error)", underlying: error)
            return
        }
        let detail = error.detail.map { ": \($0)" } ?? ""
        let isUnavailable = error.isTransient || error.code == .connection || error.code == .shutDown
        self.init(isUnavailable ? .unavailable : .failed, "\(step)\(error)\(detail)", underlying: error)
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
