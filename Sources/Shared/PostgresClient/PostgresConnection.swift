import Logging

/// One connection to Postgres, with a thread of its own on which all its work runs and waits.
///
/// Comes from ``PostgresClient/withConnection(isolation:_:)`` and must not be kept beyond it. Calls run one after the
/// other. A call that is cancelled or reaches its deadline leaves the connection clean, or closed.
package actor PostgresConnection {
    private nonisolated let executor: ConnectionExecutor
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let condition = ConnectionCondition()
    private nonisolated let configuration: PostgresConfiguration
    private nonisolated let wake: WakeSignal
    let handle: ConnectionHandle

    /// ROLLBACK is not subject to the statement's deadline, which may be over already.
    private static let rollbackTimeout: Duration = .seconds(5)

    private init(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
        let wake = try WakeSignal()
        self.executor = try ConnectionExecutor()
        self.configuration = configuration
        self.wake = wake
        self.handle = ConnectionHandle(
            configuration: configuration, wake: wake, condition: condition, logger: logger)
    }

    /// Opens a connection within `configuration.connectTimeout`.
    static func connect(
        _ configuration: PostgresConfiguration, logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        let connection = try PostgresConnection(configuration, logger: logger)
        try await connection.interruptible(configuration.connectTimeout) { handle, limits throws(PostgresError) in
            try handle.connect(limits)
        }
        return connection
    }

    /// Runs one statement, which is prepared at its first use on this connection.
    /// - Parameter timeout: for the whole call; `statementTimeout` when nil.
    /// - Throws: `.server` with the SQLSTATE, `.deadlineExceeded`, `.cancelled`, `.connection`, `.invalidArgument`.
    @discardableResult
    package func query(
        _ query: PostgresQuery, timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresResult {
        try await interruptible(timeout) { handle, limits throws(PostgresError) in
            try handle.query(query, limits)
        }
    }

    /// Runs several statements in one round trip and gives the result of each. Outside a transaction all of them are
    /// kept or none; inside, they are part of it.
    /// - Throws: as ``query(_:timeout:)``; `batchIndex` tells which statement failed.
    @discardableResult
    package func batch(
        _ queries: [PostgresQuery], timeout: Duration? = nil
    ) async throws(PostgresError) -> [PostgresResult] {
        try await interruptible(timeout) { handle, limits throws(PostgresError) in
            try handle.batch(queries, limits)
        }
    }

    /// Runs a script of several statements, separated by semicolons and without parameters, as migrations have them.
    /// Without BEGIN in it, and outside a transaction, all of it is kept or none.
    package func execute(script: String, timeout: Duration? = nil) async throws(PostgresError) {
        try await interruptible(timeout) { handle, limits throws(PostgresError) in
            try handle.execute(script: script, limits)
        }
    }

    /// Ends the session. What is called afterwards fails with `.connection`.
    func close() { handle.close() }

    func begin() async throws(PostgresError) {
        guard !handle.isInTransaction, handle.isIdle || handle.isBroken else {
            throw PostgresError(.transaction, "a transaction is open already")
        }
        try await interruptible(nil) { handle, limits throws(PostgresError) in
            _ = try handle.command("BEGIN", limits)
            handle.isInTransaction = true
        }
    }

    /// Commits. Not interrupted by cancellation: that would leave the outcome open for no gain.
    func commit() throws(PostgresError) {
        let limits = CallLimits(
            deadline: .now + configuration.statementTimeout, cancellation: nil, commits: true)
        defer { handle.isInTransaction = false }
        // After an error in the transaction, the server answers COMMIT with ROLLBACK.
        if try handle.command("COMMIT", limits, hasEffects: true) == "ROLLBACK" {
            throw PostgresError(
                .transaction, "rolled back instead of committed: a statement had failed", sqlState: .inFailedTransaction
            )
        }
    }

    /// Undoes the open transaction, if there is one; a connection that cannot is closed, which undoes it as well.
    func rollback() {
        defer { handle.isInTransaction = false }
        guard !handle.isBroken, !handle.isIdle else { return }
        do throws(PostgresError) {
            let limits = CallLimits(deadline: .now + Self.rollbackTimeout, cancellation: nil)
            _ = try handle.command("ROLLBACK", limits)
        } catch {
            handle.close()
        }
    }

    /// Runs `operation` so that cancelling the calling task ends it.
    private func interruptible<T>(
        _ timeout: Duration?, _ operation: (ConnectionHandle, CallLimits) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let cancellation = CallCancellation(wake: wake)
        let limits = CallLimits(
            deadline: .now + (timeout ?? configuration.statementTimeout), cancellation: cancellation)
        let outcome: Result<T, PostgresError> = await withTaskCancellationHandler {
            do throws(PostgresError) {
                return .success(try operation(handle, limits))
            } catch {
                return .failure(error)
            }
        } onCancel: {
            cancellation.request()
        }
        return try outcome.get()
    }
}
