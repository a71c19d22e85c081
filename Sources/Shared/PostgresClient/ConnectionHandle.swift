import CLibpq
import Glibc
import Logging

/// Owns one `PGconn`. Every method may block the calling thread until the call's deadline, so only the connection's
/// own thread calls them: the handle is confined to its ``PostgresConnection``.
final class ConnectionHandle {
    private(set) var pointer: OpaquePointer?
    let wake: WakeSignal
    let configuration: PostgresConfiguration
    /// What other threads may know about the connection.
    let condition: ConnectionCondition
    var statements = StatementCache()
    /// Whether a transaction of ``PostgresConnection/withTransaction(isolation:_:)`` is open: what runs in it is kept
    /// only if its COMMIT is.
    var isInTransaction = false
    private let notices: NoticeLog

    init(
        configuration: PostgresConfiguration, wake: WakeSignal, condition: ConnectionCondition, logger: Logger
    ) {
        self.configuration = configuration
        self.wake = wake
        self.condition = condition
        self.notices = NoticeLog(logger: logger)
    }

    deinit { close() }

    /// Says goodbye to the server, without waiting for it, and frees everything.
    func close() {
        condition.close()
        PQfinish(pointer)
        pointer = nil
    }

    /// Connects, authenticates and prepares the session.
    func connect(_ limits: CallLimits) throws(PostgresError) {
        do throws(PostgresError) {
            try start()
            var wanted = PGRES_POLLING_WRITING
            while wanted != PGRES_POLLING_OK {
                guard wanted != PGRES_POLLING_FAILED else { throw connectFailure() }
                try waitToConnect(events: Int16(wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT), limits)
                wanted = PQconnectPoll(pointer)
            }
            PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
            guard PQsetnonblocking(pointer, 1) == 0 else { throw lost() }
            let milliseconds = configuration.idleInTransactionTimeout.wholeMilliseconds
            _ = try command("SET idle_in_transaction_session_timeout = \(milliseconds)", limits)
        } catch {
            close()
            throw error
        }
    }

    private func start() throws(PostgresError) {
        let values = configuration.parameters.values
        var keywords = values.keys.map { UnsafePointer(strdup($0)) }
        var texts = values.values.map { UnsafePointer(strdup($0)) }
        defer { for text in keywords + texts { free(UnsafeMutablePointer(mutating: text)) } }
        keywords.append(nil)
        texts.append(nil)
        pointer = PQconnectStartParams(keywords, texts, 0)
        guard pointer != nil else { throw PostgresError(.connection, "out of memory") }
        guard PQstatus(pointer) != CONNECTION_BAD else { throw connectFailure() }
        // The only way to learn the SQLSTATE of a refused connection.
        PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
        PQsetNoticeProcessor(
            pointer,
            { context, text in
                guard let context, let text else { return }
                Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().record(String(cString: text))
            }, Unmanaged.passUnretained(notices).toOpaque())
    }

    private func waitToConnect(events: Int16, _ limits: CallLimits) throws(PostgresError) {
        while true {
            if limits.cancellation?.isRequested ?? false {
                throw PostgresError(.cancelled, "cancelled while connecting")
            }
            guard ContinuousClock.now < limits.deadline else {
                throw PostgresError(.connection, "no answer while connecting to \(configuration.parameters)")
            }
            if poll(events, until: limits.deadline) != 0 { return }
        }
    }

    /// Waits for `events` on the socket. Returns what happened there; 0 when the time is over or someone woke us.
    func poll(_ events: Int16, until deadline: ContinuousClock.Instant) -> Int16 {
        let left = (deadline - .now).wholeMilliseconds + 1  // Rounded up: never too early.
        var descriptors = (
            pollfd(fd: PQsocket(pointer), events: events, revents: 0),
            pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0)
        )
        withUnsafeMutableBytes(of: &descriptors) { bytes in
            // Interrupted by a signal (EINTR): reads as woken, the caller waits again.
            _ = Glibc.poll(bytes.bindMemory(to: pollfd.self).baseAddress!, 2, Int32(clamping: max(0, left)))
        }
        if descriptors.1.revents != 0 { wake.drain() }
        return descriptors.0.revents
    }

    var isBroken: Bool { pointer == nil || PQstatus(pointer) == CONNECTION_BAD }

    /// Whether no transaction is open and no statement runs.
    var isIdle: Bool { pointer != nil && PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// Tells other threads how the last call left the connection, and closes one that cannot be used again.
    func settle() {
        let status = PQtransactionStatus(pointer)
        if isBroken || status == PQTRANS_ACTIVE || status == PQTRANS_UNKNOWN
            || PQpipelineStatus(pointer) != PQ_PIPELINE_OFF
        {
            close()
        } else {
            condition.update(descriptor: PQsocket(pointer), isIdle: status == PQTRANS_IDLE)
        }
    }
}

/// Writes what the server says beside its answers to the log.
private final class NoticeLog {
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func record(_ text: String) {
        logger.debug("postgres.notice", metadata: ["notice": "\(text.split(separator: "\n").joined(separator: " "))"])
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
