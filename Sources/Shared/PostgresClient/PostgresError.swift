/// Why a call of ``PostgresClient`` or ``PostgresConnection`` failed.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The connection URL cannot be read.
        case invalidURL
        /// A bound value that Postgres cannot hold, such as a text with U+0000 in it. Nothing was sent.
        case invalidArgument
        /// No connection, or it broke during the call.
        case connection
        /// Postgres refused the statement: see ``PostgresError/sqlState``. The connection lives on.
        case server
        /// The call's deadline passed.
        case deadlineExceeded
        /// No connection became free within the acquire timeout, or too many callers wait already.
        case poolExhausted
        /// The calling task was cancelled.
        case cancelled
        /// A value of the result is not of the type that was asked for.
        case decoding
        /// The transaction cannot begin or was rolled back by the server instead of being committed.
        case transaction
        /// The client was closed.
        case shutDown
    }

    package var code: Code
    /// Postgres' own code, when Postgres answered.
    package var sqlState: SQLState?
    package var message: String
    /// Postgres' detail line. It may quote row values, so it is not part of ``description``.
    package var detail: String?
    package var hint: String?
    package var schema: String?
    package var table: String?
    package var column: String?
    package var constraint: String?
    /// Position in the batch of the statement that failed; nil outside a batch and when the commit failed.
    package var batchIndex: Int?
    /// Whether the effects of the call may have become permanent: true only when the statement (or the COMMIT) was on
    /// its way and no answer came. False promises that nothing was kept.
    package var mayHaveRun: Bool
    /// A prepared statement that the server has dropped or that no longer fits its tables; nothing was run.
    var isStaleStatement = false

    package init(
        _ code: Code, _ message: String, sqlState: SQLState? = nil, detail: String? = nil, hint: String? = nil,
        schema: String? = nil, table: String? = nil, column: String? = nil, constraint: String? = nil,
        batchIndex: Int? = nil, mayHaveRun: Bool = false
    ) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.detail = detail
        self.hint = hint
        self.schema = schema
        self.table = table
        self.column = column
        self.constraint = constraint
        self.batchIndex = batchIndex
        self.mayHaveRun = mayHaveRun
    }

    /// Whether the same work may succeed when it is tried again. Look at ``mayHaveRun`` before repeating what is not
    /// idempotent.
    package var isTransient: Bool {
        switch code {
        case .connection: !(sqlState?.isRefusal ?? false)
        case .deadlineExceeded, .poolExhausted: true
        case .server, .transaction: sqlState?.isTransient ?? false
        case .invalidURL, .invalidArgument, .cancelled, .decoding, .shutDown: false
        }
    }

    package var description: String {
        var text = "postgres \(code.rawValue)"
        if let sqlState { text += " \(sqlState)" }
        text += ": \(message)"
        if let constraint { text += " (constraint \(constraint))" }
        if mayHaveRun { text += " (may have run)" }
        return text
    }

    static let shutDown = PostgresError(.shutDown, "the client is closed")
}
