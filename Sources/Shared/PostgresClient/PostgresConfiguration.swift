/// Where the database is and what bounds its use. Every number can be changed after `init(url:)`.
package struct PostgresConfiguration: Sendable {
    /// The server, from the URL. Its password is never printed.
    let parameters: ConnectionParameters

    /// Connections kept at most. Each costs one thread here and one process on the server (`max_connections` is 100
    /// by default, shared by every program).
    package var maxConnections = 8
    /// Callers that may wait for a connection; the next one fails at once with `.poolExhausted`. 1,024 waiters at 1 ms
    /// a statement on 8 connections are served in 0.13 s, so a longer line means that the database is too slow.
    package var maxWaiters = 1_024
    /// How long a caller waits for a connection, connecting and its retries included.
    package var acquireTimeout: Duration = .seconds(5)
    /// How long one attempt to connect may take, TLS and authentication included.
    package var connectTimeout: Duration = .seconds(5)
    /// How long a statement, batch or script may take unless the call says otherwise.
    package var statementTimeout: Duration = .seconds(30)
    /// How long a statement that was told to stop may take to say so, before its connection is given up.
    package var cancelGrace: Duration = .seconds(1)
    /// The server ends a session that keeps a transaction open for so long without using it: a program that was
    /// paused in the middle of one then cannot hold its row locks for ever. Zero turns this off.
    package var idleInTransactionTimeout: Duration = .seconds(10)
    /// Pause before the second attempt to connect; it doubles with each failure, jittered between half and all of it.
    package var backoffBase: Duration = .milliseconds(50)
    /// The longest pause between attempts to connect.
    package var backoffLimit: Duration = .seconds(1)
    /// How long ``PostgresClient/close()`` waits for connections in use before it returns without them.
    package var closeTimeout: Duration = .seconds(10)

    /// - Parameter url: `postgres://user:password@host:port/database?sslmode=...`, with every parameter that libpq
    ///   knows (`sslmode`, `sslrootcert`, `application_name`, `options`, several hosts, a socket folder as `host`).
    /// - Throws: `.invalidURL`, whose message never shows the password.
    package init(url: String) throws(PostgresError) {
        self.parameters = try ConnectionParameters(url: url)
    }
}
