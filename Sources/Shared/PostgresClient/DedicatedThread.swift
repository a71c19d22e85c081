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
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        let context = Unmanaged.passRetained(Body(name, body))
        // A new thread inherits the signal mask: all signals stay with the program's own threads.
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
                setName(body.name)
                body.run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw PostgresError(.connection, "no thread for the connection: error \(code)")
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
