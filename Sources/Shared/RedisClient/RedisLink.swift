import Logging
import NIOCore
import Synchronization

/// One place for a connection: takes requests from any thread, and carries them on whatever connection is up.
///
/// Callers append to `inbox`; only the first one since the last turn wakes the event loop, which takes all, writes
/// them and flushes once. Unchecked: what is not a constant, a lock or an atomic is touched on `eventLoop` only.
final class RedisLink: @unchecked Sendable {
    private struct Inbox {
        var requests: [RedisRequest] = []
        var isDrainScheduled = false
        var isClosed = false
    }

    let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let connector: RedisConnector
    private let inbox = Mutex(Inbox())
    /// Commands that were admitted and have neither been answered nor dropped; bounded by `maxInFlight`.
    private let outstanding = Atomic<Int>(0)
    private let hasConnection = Atomic<Bool>(false)

    private var pipeline: CommandPipeline<RedisRequest>
    private var connection: RedisConnection?
    private var taken: [RedisRequest] = []
    /// Digests of the scripts whose source was sent on this connection; the number bounds a program that makes
    /// scripts on the fly, whose further ones are found out by `NOSCRIPT`.
    private var knownScripts: [String] = []
    private static let knownScriptLimit = 64
    /// A year: what stands for "no deadline" still leaves room for the sum with the clock.
    private static let longestTimeout = Duration.seconds(365 * 86_400)
    private var lastFailure: (any Error)?
    private var timer: Scheduled<Void>?
    private var timerExpiry: NIODeadline?
    private var drained: EventLoopPromise<Void>?

    init(configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.connector = RedisConnector(configuration: configuration, eventLoop: eventLoop, logger: logger)
        self.pipeline = CommandPipeline(silenceLimit: TimeAmount(configuration.silenceLimit))
    }

    var isConnected: Bool { hasConnection.load(ordering: .relaxed) }

    // MARK: Any thread

    /// Keeps a connection up until cancelled; then everything unanswered fails, as does everything later.
    func run() async {
        await withTaskCancellationHandler {
            await connector.keepConnected(self) { error in
                self.eventLoop.execute { self.lastFailure = error }
            }
        } onCancel: {
            eventLoop.execute { self.shutDown() }
        }
    }

    /// Takes no more requests and waits until those that were sent are answered or out of time.
    func drain() async {
        let isDrained = eventLoop.flatSubmit {
            let promise = self.drained ?? self.eventLoop.makePromise()
            self.drained = promise
            self.refuseMore()
            self.endIfDrained()
            return promise.futureResult
        }
        // The promise is only ever fulfilled.
        try? await isDrained.get()
    }

    nonisolated(nonsending) func send(
        _ command: RedisCommand, timeout: Duration?
    ) async throws(RedisClientError) -> RESPValue {
        let reply = try await execute(.single(command), count: 1, timeout: timeout).get()
        if case .error(let error) = reply { throw RedisClientError(error) }
        return reply
    }

    nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand], timeout: Duration?
    ) async throws(RedisClientError) -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        let replies = try await execute(.several(commands), count: commands.count, timeout: timeout).get()
        guard case .array(let elements) = replies else { preconditionFailure("a pipeline's replies are an array") }
        return elements
    }

    private nonisolated(nonsending) func execute(
        _ commands: RedisRequest.Commands, count: Int, timeout: Duration?
    ) async -> RedisRequest.Outcome {
        let limit = configuration.maxInFlight
        guard outstanding.wrappingAdd(count, ordering: .relaxed).newValue <= limit else {
            outstanding.wrappingSubtract(count, ordering: .relaxed)
            let message = "more than \(limit) commands at a time on one connection"
            return .failure(RedisClientError(.overloaded, message, mayHaveRun: false))
        }
        let time = min(timeout ?? configuration.commandTimeout, Self.longestTimeout)
        let request = RedisRequest(commands, deadline: .now() + TimeAmount(time))
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if request.start(continuation) { submit(request) } else { settle(request) }
            }
        } onCancel: {
            request.cancel()
        }
    }

    private func submit(_ request: RedisRequest) {
        enum Then { case nothing, wake, refuse }
        let then: Then = inbox.withLock { inbox in
            if inbox.isClosed { return .refuse }
            inbox.requests.append(request)
            if inbox.isDrainScheduled { return .nothing }
            inbox.isDrainScheduled = true
            return .wake
        }
        switch then {
        case .nothing: break
        case .wake: eventLoop.execute { self.takeInbox() }
        case .refuse: refuse(request)
        }
    }

    private func refuse(_ request: RedisRequest) {
        settle(request)
        request.fail(.shutDown, "the client was shut down")
    }

    /// The request makes room for others. Called by one thread at a time: first by the caller, then by the loop.
    private func settle(_ request: RedisRequest) {
        if request.settle() { outstanding.wrappingSubtract(request.commandCount, ordering: .relaxed) }
    }

    // MARK: The event loop

    private func takeInbox() {
        inbox.withLock { inbox in
            swap(&inbox.requests, &taken)
            inbox.isDrainScheduled = false
        }
        let now = NIODeadline.now()
        for request in taken {
            switch pipeline.submit(request) {
            case .send: write(request, now: now)
            case .wait: break
            case .refuse: refuse(request)
            }
        }
        taken.removeAll(keepingCapacity: true)
        connection?.flush()
        armTimer()
    }

    private func write(_ request: RedisRequest, now: NIODeadline) {
        guard let connection, request.beginSending() else { return settle(request) }
        for index in 0..<request.commandCount {
            let command = request.command(at: index)
            connection.write(command, withSource: command.script.map(isNew) ?? false)
        }
        pipeline.sent(request, now: now)
    }

    /// Whether the server may not know the script, as its source was not yet sent on this connection.
    private func isNew(_ script: RedisScript) -> Bool {
        guard !knownScripts.contains(script.sha1), knownScripts.count < Self.knownScriptLimit else { return false }
        knownScripts.append(script.sha1)
        return true
    }

    private func refuseMore() {
        inbox.withLock { $0.isClosed = true }
        takeInbox()
        for request in pipeline.drain() { refuse(request) }
    }

    private func endIfDrained() {
        guard let drained, pipeline.isDrained else { return }
        connection?.close(.wasShutDown)
        drained.succeed()
    }

    private func shutDown() {
        refuseMore()
        connection?.close(.wasShutDown)
        endIfDrained()
    }

    /// One timer for all: it fires when the earliest deadline may have passed, and no more often than every 5 ms.
    private func armTimer() {
        guard let expiry = pipeline.nextExpiry else { return }
        if let timerExpiry, timerExpiry <= expiry { return }
        timer?.cancel()
        timerExpiry = expiry
        let time = max(expiry, .now() + .milliseconds(5))
        timer = eventLoop.scheduleTask(deadline: time) { self.timerFired() }
    }

    private func timerFired() {
        timer = nil
        timerExpiry = nil
        let expiry = pipeline.expire(now: .now())
        for request in expiry.unsent {
            settle(request)
            request.fail(.notConnected, "no connection to \(configuration)", underlying: lastFailure)
        }
        for request in expiry.unanswered {
            request.fail(.deadlineExceeded, "no reply in time")
        }
        if expiry.isSilent { connection?.close(.connectionLost("the server sends nothing any more")) }
        endIfDrained()
        armTimer()
    }
}

extension RedisLink: ReplyConsumer {
    func connected(_ connection: RedisConnection) {
        guard let waiting = pipeline.connected() else { return connection.close(.wasShutDown) }
        self.connection = connection
        hasConnection.store(true, ordering: .relaxed)
        knownScripts.removeAll()
        lastFailure = nil
        let now = NIODeadline.now()
        for request in waiting { write(request, now: now) }
        connection.flush()
        armTimer()
    }

    func bytesArrived() {
        pipeline.bytesArrived(now: .now())
    }

    func received(_ reply: RESPValue) {
        switch pipeline.received(reply) {
        case .deliver(let request, let index):
            guard let value = request.record(reply, at: index) else { return }
            settle(request)
            request.succeed(value)
        case .reload(let request, let index) where request.isFinished:
            // Nobody waits for it any more, so it had better not run.
            if request.record(reply, at: index) != nil { settle(request) }
        case .reload(let request, let index):
            connection?.write(request.command(at: index), withSource: true)
            pipeline.reloading(request, index: index, now: .now())
        case .unexpected:
            connection?.close(
                RedisClientError(.protocolViolation, "a reply that nothing was sent for", mayHaveRun: true))
        }
    }

    func readComplete() {
        connection?.flush()
        endIfDrained()
    }

    func disconnected(_ error: RedisClientError) {
        connection = nil
        hasConnection.store(false, ordering: .relaxed)
        lastFailure = error
        for request in pipeline.disconnected() {
            settle(request)
            request.fail(error.code, error.message, underlying: error.underlying)
        }
        endIfDrained()
    }
}
