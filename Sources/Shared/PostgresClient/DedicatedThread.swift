import Glibc

/// A thread for work that blocks, outside Swift's cooperative pool.
enum DedicatedThread {
    /// 1 MiB: libpq with a TLS handshake needs less than a quarter of it.
    private static let stackSize = 1 << 20

    private final class Body: Sendable {
        let name: StaticString
        let run: @Sendable () -> Void

        init(_ name: StaticString, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Runs `body` on a new thread, which ends with it and leaves nothing to join.
    /// - Parameter name: shown by the system's tools, 15 bytes at most.
    /// - Throws: `.connection` when the system has no thread to give.
    static func start(name: StaticString, _ body: @escaping @Sendable () -> Void) throws(PostgresError) {
        let context = Unmanaged.passRetained(Body(name, body))
        let code = create(context.toOpaque())
        guard code == 0 else {
            context.release()
            throw PostgresError(.connection, "no thread for the connection: error \(code)")
        }
    }

    private static func create(_ body: UnsafeMutableRawPointer) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, run, body)
        pthread_attr_destroy(&attributes)
        return code
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
        blockSignals()
        setName(body.name)
        body.run()
        return nil
    }

    /// Signals are for the program's own threads.
    private static func blockSignals() {
        withUnsafeTemporaryAllocation(of: sigset_t.self, capacity: 1) { all in
            sigfillset(all.baseAddress!)
            pthread_sigmask(SIG_SETMASK, all.baseAddress!, nil)
        }
    }

    /// `pthread_setname_np` is a GNU extension, which Swift's Glibc leaves out.
    private static func setName(_ name: StaticString) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }  // A system without /proc: the thread stays without a name.
        _ = write(file, name.utf8Start, name.utf8CodeUnitCount)
        close(file)
    }
}
