import Glibc

/// Ends another thread's `poll`: of a pair of sockets, one becomes readable.
///
/// Whoever may signal holds a reference, so the descriptors are never closed, and reused, under a late signal.
final class WakeSignal: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(PostgresError) {
        var ends: (Int32, Int32) = (-1, -1)
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let code = withUnsafeMutableBytes(of: &ends) {
            socketpair(AF_UNIX, Int32(kind), 0, $0.bindMemory(to: Int32.self).baseAddress)
        }
        guard code == 0 else { throw PostgresError(.connection, "no descriptor for the connection: error \(errno)") }
        (readEnd, writeEnd) = ends
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// A full socket signals already, so a failed write loses nothing.
    func signal() {
        var byte: UInt8 = 0
        _ = send(writeEnd, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    func drain() {
        var bytes: UInt64 = 0
        while read(readEnd, &bytes, MemoryLayout<UInt64>.size) > 0 {}
    }
}
