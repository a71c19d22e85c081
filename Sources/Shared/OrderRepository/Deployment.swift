package import PostgresClient
package import Ticketing

/// What is decided once for a deployment and must be the same in all its programs.
package struct Deployment: Sendable {
    private let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    /// Fixes the number of partitions, by the first program that starts, and compares with it ever after: with another
    /// number, events would be looked for in partitions where they are not.
    /// - Throws: `.partitionsDiffer`, upon which a program must not start; `.notMigrated`.
    package func claimPartitions(_ partitioning: Partitioning) async throws(DeploymentError) {
        let stored: Int32?
        do throws(PostgresError) {
            let results = try await postgres.batch([ClaimPartitions.insert(partitioning), ClaimPartitions.select])
            stored = try results[1].rows.first?.decode(Int32.self)
        } catch {
            throw DeploymentError(error)
        }
        guard let stored else { throw DeploymentError(.failed, "the table deployment has no row") }
        guard Int(stored) == partitioning.count else {
            throw DeploymentError(
                .partitionsDiffer,
                "PARTITIONS is \(partitioning.count), but this database was set up with \(stored): the number is fixed "
                    + "for the life of a deployment")
        }
    }
}

/// Why a deployment's settings could not be claimed.
package struct DeploymentError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The program is set to another number of partitions than the database.
        case partitionsDiffer = "partitions_differ"
        /// The database has no schema yet.
        case notMigrated = "not_migrated"
        /// Postgres is not reachable.
        case unavailable
        case failed
    }

    package let code: Code
    package let message: String
    package let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    init(_ error: PostgresError) {
        if error.sqlState == .undefinedTable {
            self.init(.notMigrated, "the database has no schema: run `onsale migrate up`", underlying: error)
        } else {
            let isUnavailable = error.isTransient || error.code == .connection || error.code == .shutDown
            self.init(isUnavailable ? .unavailable : .failed, error.description, underlying: error)
        }
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
