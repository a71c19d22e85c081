import CLibpq
import Synchronization

/// One request to the server to stop what a connection is doing.
///
/// `PQcancel` opens a second connection and blocks while it does, so it runs on a thread of its own: a server that is
/// out of reach cannot hold up the deadline of the call. The connection must not run another statement before the
/// request has finished, or that one would be stopped.
final class CancelRequest: Sendable {
    private let finished = Atomic(false)

    var isFinished: Bool { finished.load(ordering: .acquiring) }

    /// - Parameters:
    ///   - connection: the `PGconn` whose statement to stop.
    ///   - wake: is signalled when the request has been delivered or has failed.
    init(_ connection: OpaquePointer, wake: WakeSignal) {
        // No thread, or no cancel object because the connection is gone: the grace period decides.
        let handle = Handle(PQgetCancel(connection))
        do throws(PostgresError) {
            try DedicatedThread.start(name: "postgres-cancel") { [self] in
                handle.send()
                finish(wake)
            }
        } catch {
            finish(wake)
        }
    }

    private func finish(_ wake: WakeSignal) {
        finished.store(true, ordering: .releasing)
        wake.signal()
    }

    /// `@unchecked Sendable` because libpq allows `PQcancel` on any thread (documentation, section 34.7).
    private final class Handle: @unchecked Sendable {
        private let pointer: OpaquePointer?

        init(_ pointer: OpaquePointer?) { self.pointer = pointer }

        deinit { PQfreeCancel(pointer) }

        /// Libpq wants room for 256 bytes of error text. A request that fails is one that was not sent.
        func send() {
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                _ = PQcancel(pointer, buffer.baseAddress, 256)
            }
        }
    }
}
