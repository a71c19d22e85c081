import DequeModule

/// Who has which connection and who waits for one: the rules of the pool without clock, locks or sockets.
///
/// Waiters are served in the order they came. Every waiter waits equally long, so the first is also the first to
/// expire.
struct PoolState<Connection, Waiter> {
    struct Entry {
        let id: Int
        let waiter: Waiter
        let deadline: ContinuousClock.Instant
    }

    enum Refusal { case closed, tooManyWaiters }

    enum Admission {
        case lease(Connection)
        case refuse(Refusal)
        /// In line. `connect`: start an attempt to connect. `watch`: start watching the waiters' deadlines.
        case wait(connect: Bool, watch: Bool)
    }

    enum Return {
        case handOver(to: Waiter)
        case park
        case close
    }

    enum Retry {
        case after(failures: Int)
        case stop
    }

    private let maxConnections: Int
    private let maxWaiters: Int
    /// The one used last is the first to be used again.
    private(set) var idle: [Connection] = []
    private(set) var leased = 0
    private(set) var connecting = 0
    private(set) var waiters: Deque<Entry> = []
    private(set) var isClosed = false
    /// Attempts to connect that failed since the last that succeeded.
    private(set) var failures = 0
    private(set) var lastFailure: PostgresError?
    private var isWatched = false

    init(maxConnections: Int, maxWaiters: Int) {
        self.maxConnections = maxConnections
        self.maxWaiters = maxWaiters
    }

    var isDrained: Bool { leased == 0 && connecting == 0 }

    /// An idle connection, unless somebody came earlier.
    mutating func takeIdle() -> Connection? {
        guard waiters.isEmpty, let connection = idle.popLast() else { return nil }
        leased += 1
        return connection
    }

    mutating func acquire(id: Int, _ waiter: Waiter, deadline: ContinuousClock.Instant) -> Admission {
        guard !isClosed else { return .refuse(.closed) }
        if let connection = takeIdle() { return .lease(connection) }
        guard waiters.count < maxWaiters else { return .refuse(.tooManyWaiters) }
        waiters.append(Entry(id: id, waiter: waiter, deadline: deadline))
        let watch = !isWatched
        isWatched = true
        return .wait(connect: startConnecting(), watch: watch)
    }

    /// A leased connection comes back in good order.
    mutating func release(_ connection: Connection) -> Return {
        guard !isClosed else {
            leased -= 1
            return .close
        }
        if let next = waiters.popFirst() { return .handOver(to: next.waiter) }
        leased -= 1
        idle.append(connection)
        return .park
    }

    /// A leased connection is gone.
    /// - Returns: whether to start an attempt to connect in its place.
    mutating func discard() -> Bool {
        leased -= 1
        return startConnecting()
    }

    /// An attempt to connect succeeded: as if the new connection had been leased and came back.
    /// - Returns: also how many more attempts to start, now that the server is there.
    mutating func connected(_ connection: Connection) -> (Return, attempts: Int) {
        connecting -= 1
        leased += 1
        failures = 0
        lastFailure = nil
        let action = release(connection)
        var attempts = 0
        while startConnecting() { attempts += 1 }
        return (action, attempts)
    }

    /// An attempt to connect failed. It is repeated while somebody waits, unless the server refuses us for good:
    /// then everybody is told.
    mutating func connectFailed(_ error: PostgresError) -> (Retry, refused: [Waiter]) {
        failures += 1
        lastFailure = error
        if !error.isTransient {
            connecting -= 1
            defer { waiters.removeAll() }
            return (.stop, waiters.map(\.waiter))
        }
        guard shouldConnect() else { return (.stop, []) }
        return (.after(failures: failures), [])
    }

    /// Whether a pending attempt to connect is still wanted; if not, it counts as ended.
    mutating func shouldConnect() -> Bool {
        if !isClosed, !waiters.isEmpty { return true }
        connecting -= 1
        return false
    }

    /// The waiter, if it still waits.
    mutating func cancel(id: Int) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).waiter
    }

    /// The waiters whose deadline is over, and when to look again (nil: nobody waits, the watch ends).
    mutating func expire(now: ContinuousClock.Instant) -> (expired: [Waiter], next: ContinuousClock.Instant?) {
        var expired: [Waiter] = []
        while let first = waiters.first, first.deadline <= now {
            expired.append(first.waiter)
            waiters.removeFirst()
        }
        isWatched = !waiters.isEmpty
        return (expired, waiters.first?.deadline)
    }

    /// Nothing is handed out from now on.
    mutating func close() -> (waiters: [Waiter], idle: [Connection]) {
        isClosed = true
        defer {
            waiters.removeAll()
            idle.removeAll()
        }
        return (waiters.map(\.waiter), idle)
    }

    /// One attempt for each waiter while there is room; after a failure one at a time, so that a server in trouble
    /// is not stormed.
    private mutating func startConnecting() -> Bool {
        guard !isClosed, connecting < waiters.count, idle.count + leased + connecting < maxConnections,
            failures == 0 || connecting == 0
        else { return false }
        connecting += 1
        return true
    }
}
