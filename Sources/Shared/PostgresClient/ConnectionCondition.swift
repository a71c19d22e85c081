import Glibc
import Synchronization

/// How the last call left a connection, readable from any thread.
final class ConnectionCondition: Sendable {
    /// -1 when the connection is closed or was never open.
    private let descriptor = Atomic<Int32>(-1)
    private let idle = Atomic(false)
    private let retired = Atomic(false)

    func update(descriptor: Int32, isIdle: Bool) {
        idle.store(isIdle, ordering: .relaxed)
        self.descriptor.store(descriptor, ordering: .releasing)
    }

    func close() { descriptor.store(-1, ordering: .releasing) }

    /// Marks a connection that works but should not go back to the pool.
    func retire() { retired.store(true, ordering: .releasing) }

    var isOpen: Bool { descriptor.load(ordering: .acquiring) >= 0 }

    /// Open, and no transaction is under way.
    var isIdle: Bool { isOpen && idle.load(ordering: .relaxed) }

    var isRetired: Bool { retired.load(ordering: .acquiring) }

    /// Whether an idle connection can be used: a server that ended it has left a farewell or an end-of-file to read.
    /// One system call that never waits; only to be asked while nobody uses the connection.
    var isQuiet: Bool {
        var query = pollfd(fd: descriptor.load(ordering: .acquiring), events: Int16(POLLIN), revents: 0)
        return query.fd >= 0 && poll(&query, 1, 0) == 0
    }
}
