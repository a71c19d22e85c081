import Logging
import Synchronization

/// Carries out what ``PoolState`` decides: opens and closes connections, wakes waiters, watches deadlines.
final class ConnectionPool: Sendable {
    typealias Waiter = CheckedContinuation<Result<PostgresConnection, PostgresError>, Never>

    private struct Locked {
        var pool: PoolState<PostgresConnection, Waiter>
        var nextID = 0
        /// Attempts to connect and the deadline watch, so that closing can end them.
        var tasks: [Int: Task<Void, Never>] = [:]
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<Locked>
    private let configuration: PostgresConfiguration
    private let logger: Logger

    init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        self.state = Mutex(
            Locked(
                pool: PoolState(
                    maxConnections: max(1, configuration.maxConnections), maxWaiters: configuration.maxWaiters)))
    }

    var statistics: PostgresPoolStatistics {
        state.withLock { state in
            PostgresPoolStatistics(
                idle: state.pool.idle.count, leased: state.pool.leased, connecting: state.pool.connecting,
                waiting: state.pool.waiters.count)
        }
    }

    /// A working connection, which the caller must give back with ``release(_:)``.
    func acquire() async throws(PostgresError) -> PostgresConnection {
        while let connection = state.withLock({ $0.pool.takeIdle() }) {
            if connection.condition.isQuiet { return connection }
            discard(connection)
        }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { enqueue($0, id: id) }
        } onCancel: {
            let waiter = state.withLock { $0.pool.cancel(id: id) }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
        return try outcome.get()
    }

    private static let cancelled = PostgresError(.cancelled, "cancelled while waiting for a connection")

    private func enqueue(_ waiter: Waiter, id: Int) {
        // The handler of a task cancelled before this point has found no waiter to wake.
        guard !Task.isCancelled else { return waiter.resume(returning: .failure(Self.cancelled)) }
        let deadline = ContinuousClock.now + configuration.acquireTimeout
        switch state.withLock({ $0.pool.acquire(id: id, waiter, deadline: deadline) }) {
        case .lease(let connection): waiter.resume(returning: .success(connection))
        case .refuse(.closed): waiter.resume(returning: .failure(.shutDown))
        case .refuse(.tooManyWaiters):
            let error = PostgresError(
                .poolExhausted, "\(configuration.maxWaiters) callers wait for a connection already")
            waiter.resume(returning: .failure(error))
        case .wait(let connect, let watch):
            if connect { startConnecting() }
            if watch { start { await $0.watchDeadlines(first: deadline) } }
            // Cancelled meanwhile: the handler may have run before the waiter was in line.
            if Task.isCancelled, let waiter = state.withLock({ $0.pool.cancel(id: id) }) {
                waiter.resume(returning: .failure(Self.cancelled))
            }
        }
    }

    /// Takes a connection back. A transaction that was left open is undone first.
    func release(_ connection: PostgresConnection) async {
        if connection.condition.isOpen, !connection.condition.isIdle { await connection.rollback() }
        guard connection.condition.isIdle, !connection.condition.isRetired else { return discard(connection) }
        settle(connection, state.withLock { $0.pool.release(connection) })
    }

    private func settle(_ connection: PostgresConnection, _ action: PoolState<PostgresConnection, Waiter>.Return) {
        switch action {
        case .handOver(let waiter): waiter.resume(returning: .success(connection))
        case .park: break
        case .close:
            end(connection)
            resumeIfDrained()
        }
    }

    private func discard(_ connection: PostgresConnection) {
        end(connection)
        if state.withLock({ $0.pool.discard() }) { startConnecting() }
        resumeIfDrained()
    }

    /// Ends the session on the connection's own thread.
    private func end(_ connection: PostgresConnection) {
        Task { await connection.close() }
    }

    private func startConnecting() {
        start { await $0.connect() }
    }

    private func connect() async {
        while true {
            do throws(PostgresError) {
                let connection = try await PostgresConnection.connect(configuration, logger: logger)
                let (action, attempts) = state.withLock { $0.pool.connected(connection) }
                logger.debug("postgres.connected", metadata: ["server": "\(configuration.parameters)"])
                settle(connection, action)
                for _ in 0..<attempts { startConnecting() }
                return
            } catch {
                let (retry, refused) = state.withLock { $0.pool.connectFailed(error) }
                for waiter in refused { waiter.resume(returning: .failure(error)) }
                guard case .after(let failures) = retry else { return resumeIfDrained() }
                // One line for each outage; every further attempt only for those who look for it.
                logger.log(
                    level: failures == 1 ? .warning : .debug, "postgres.unreachable", metadata: ["error": "\(error)"])
                let backoff = ConnectBackoff(base: configuration.backoffBase, limit: configuration.backoffLimit)
                // Ends early when the pool is closed, which the next line notices.
                try? await Task.sleep(for: backoff.pause(failures: failures, random: .random(in: 0...1)))
                guard state.withLock({ $0.pool.shouldConnect() }) else { return resumeIfDrained() }
            }
        }
    }

    /// Fails the waiters whose time is over. One task for all of them; it ends when nobody waits.
    private func watchDeadlines(first: ContinuousClock.Instant) async {
        var next: ContinuousClock.Instant? = first
        while let deadline = next {
            // Ends early when the pool is closed: then nobody waits.
            try? await Task.sleep(until: deadline, clock: .continuous)
            let (expired, error) = state.withLock { state in
                let (expired, later) = state.pool.expire(now: .now)
                next = later
                return (expired, state.pool.lastFailure)
            }
            let reason =
                error
                ?? PostgresError(.poolExhausted, "no connection became free within \(configuration.acquireTimeout)")
            for waiter in expired { waiter.resume(returning: .failure(reason)) }
        }
    }

    /// Starts a task that ``close()`` can end.
    private func start(_ body: @escaping @Sendable (ConnectionPool) async -> Void) {
        state.withLock { state in
            state.nextID += 1
            let id = state.nextID
            state.tasks[id] = Task {
                await body(self)
                self.state.withLock { $0.tasks[id] = nil }
            }
            if state.pool.isClosed { state.tasks[id]?.cancel() }
        }
    }

    /// Fails the waiters, ends idle connections and waits, for `closeTimeout` at most, until the others are back.
    func close() async {
        let (waiters, idle, tasks) = state.withLock { state in
            let (waiters, idle) = state.pool.close()
            return (waiters, idle, Array(state.tasks.values))
        }
        for waiter in waiters { waiter.resume(returning: .failure(.shutDown)) }
        for task in tasks { task.cancel() }
        for connection in idle { await connection.close() }
        let limit = Task {
            try await Task.sleep(for: configuration.closeTimeout)
            resumeDrained()
        }
        await withCheckedContinuation { continuation in
            state.withLock { $0.drained.append(continuation) }
            resumeIfDrained()
        }
        limit.cancel()
    }

    private func resumeIfDrained() {
        if state.withLock({ $0.pool.isClosed && $0.pool.isDrained }) { resumeDrained() }
    }

    private func resumeDrained() {
        let waiting = state.withLock { state in
            defer { state.drained.removeAll() }
            return state.drained
        }
        for continuation in waiting { continuation.resume() }
    }
}
