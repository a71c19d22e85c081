/// The five-character code by which Postgres names a failure (PostgreSQL documentation, appendix A).
package struct SQLState: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package init(stringLiteral value: String) { self.rawValue = value }

    package var description: String { rawValue }

    package static let connectionFailure: SQLState = "08006"
    package static let featureNotSupported: SQLState = "0A000"
    package static let numericValueOutOfRange: SQLState = "22003"
    package static let characterNotInRepertoire: SQLState = "22021"
    package static let invalidTextRepresentation: SQLState = "22P02"
    package static let notNullViolation: SQLState = "23502"
    package static let foreignKeyViolation: SQLState = "23503"
    package static let uniqueViolation: SQLState = "23505"
    package static let checkViolation: SQLState = "23514"
    package static let exclusionViolation: SQLState = "23P01"
    package static let inFailedTransaction: SQLState = "25P02"
    package static let idleInTransactionTimeout: SQLState = "25P03"
    package static let unknownPreparedStatement: SQLState = "26000"
    package static let invalidAuthorization: SQLState = "28000"
    package static let invalidPassword: SQLState = "28P01"
    package static let unknownDatabase: SQLState = "3D000"
    package static let serializationFailure: SQLState = "40001"
    package static let deadlockDetected: SQLState = "40P01"
    package static let syntaxError: SQLState = "42601"
    package static let insufficientPrivilege: SQLState = "42501"
    package static let undefinedColumn: SQLState = "42703"
    package static let undefinedTable: SQLState = "42P01"
    package static let duplicateTable: SQLState = "42P07"
    package static let duplicateDatabase: SQLState = "42P04"
    package static let diskFull: SQLState = "53100"
    package static let tooManyConnections: SQLState = "53300"
    package static let lockNotAvailable: SQLState = "55P03"
    package static let queryCanceled: SQLState = "57014"
    package static let adminShutdown: SQLState = "57P01"
    package static let crashShutdown: SQLState = "57P02"
    package static let cannotConnectNow: SQLState = "57P03"
    /// `RAISE EXCEPTION` without a code of its own.
    package static let raiseException: SQLState = "P0001"

    /// A failure of the moment: the same work may succeed when it is tried again.
    package var isTransient: Bool {
        switch self {
        case .serializationFailure, .deadlockDetected, .lockNotAvailable, .tooManyConnections, .diskFull,
            .adminShutdown, .crashShutdown, .cannotConnectNow, .idleInTransactionTimeout:
            true
        default: rawValue.hasPrefix("08") || rawValue.hasPrefix("53")
        }
    }

    /// Class 22 (data exception) or 23 (integrity constraint violation) of the SQL standard; P0 is what a trigger
    /// raises, 54 a row beyond a limit of Postgres. All of them would come again however often the row is tried.
    package var isRowsFault: Bool { ["22", "23", "54", "P0"].contains { rawValue.hasPrefix($0) } }

    /// Refused for what the configuration says: trying to connect again cannot help.
    var isRefusal: Bool { rawValue.hasPrefix("28") || rawValue.hasPrefix("3D") }
}
