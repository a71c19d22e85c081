package import Logging

/// A bounded pool of connections to one database. Connections are opened when they are needed and replaced, with
/// growing pauses, when they break.
package final class PostgresClient: Sendable {
    private let pool: ConnectionPool
    private let metrics: PostgresMetrics?

    /// Opens nothing yet.
    /// - Parameter metrics: nil: nothing is measured.
    package init(configuration: PostgresConfiguration, logger: Logger, metrics: PostgresMetrics? = nil) {
        self.pool = ConnectionPool(configuration: configuration, logger: logger)
        self.metrics = metrics
    }

    package var statistics: PostgresPoolStatistics { pool.statistics }

    /// Runs one statement on any connection. See ``PostgresConnection/query(_:timeout:)``.
    @discardableResult
    package func query(
        _ query: PostgresQuery, timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresResult {
        try await lease { connection throws(PostgresError) in
            try await connection.query(query, timeout: timeout)
        }
    }

    /// Runs several statements in one round trip, all or none. See ``PostgresConnection/batch(_:timeout:)``.
    @discardableResult
    package func batch(
        _ queries: [PostgresQuery], timeout: Duration? = nil
    ) async throws(PostgresError) -> [PostgresResult] {
        try await lease { connection throws(PostgresError) in
            try await connection.batch(queries, timeout: timeout)
        }
    }

    /// Lends a connection to `body`, in the isolation of the caller. A transaction that `body` leaves open is undone.
    @discardableResult
    package func withConnection<T>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        let (connection, start) = try await acquire()
        do {
            let value = try await body(connection)
            await release(connection, since: start)
            return value
        } catch {
            await release(connection, since: start, error)
            throw error
        }
    }

    /// Runs `body` in a transaction of its own.
    /// See ``PostgresConnection/withTransaction(isolation:_:)`` for when it is committed and what is thrown.
    @discardableResult
    package func withTransaction<T>(
        isolation: isolated (any Actor)? = #isolation, _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await withConnection { connection in
            try await connection.withTransaction(body)
        }
    }

    /// Ends all connections; those in use when they come back, for which this waits up to `closeTimeout`. From then
    /// on every call throws `.shutDown`.
    package func close() async { await pool.close() }

    private func lease<T>(
        _ body: (PostgresConnection) async throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let (connection, start) = try await acquire()
        do throws(PostgresError) {
            let value = try await body(connection)
            await release(connection, since: start)
            return value
        } catch {
            await release(connection, since: start, error)
            throw error
        }
    }

    /// A connection, and when it came.
    private func acquire() async throws(PostgresError) -> (PostgresConnection, ContinuousClock.Instant) {
        let begin = ContinuousClock.now
        do throws(PostgresError) {
            let connection = try await pool.acquire()
            let start = ContinuousClock.now
            metrics?.waited(start - begin)
            return (connection, start)
        } catch {
            metrics?.failed(error)
            throw error
        }
    }

    private func release(
        _ connection: PostgresConnection, since start: ContinuousClock.Instant, _ error: (any Error)? = nil
    ) async {
        metrics?.used(ContinuousClock.now - start)
        if let error { metrics?.failed(error) }
        await pool.release(connection)
    }
}
