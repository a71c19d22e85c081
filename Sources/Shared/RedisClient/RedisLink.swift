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
    /// Hears, on the event loop, that the server may not be what it was: no connection, or no answer in time.
    private let troubled: (@Sendable () -> Void)?
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
    static let longestTimeout = Duration.seconds(365 * 86_400)
    /// Requests that are answered but for the replicas' confirmation of what they wrote.
    private var unconfirmed: [(request: RedisRequest, value: RESPValue)] = []
    /// The server turned out to be a replica, so another one is looked for.
    private var isAtReplica = false
    private var lastFailure: (any Error)?
    private var timer: Scheduled<Void>?
    private var timerExpiry: NIODeadline?
    private var drained: EventLoopPromise<Void>?

    /// The server is the configuration's, or whom its sentinels name before each connection.
    init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, logger: Logger,
        troubled: (@Sendable () -> Void)? = nil
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.troubled = troubled
        self.connector = RedisConnector(
            configuration: configuration, eventLoop: eventLoop,
            locate: configuration.locator(eventLoop: eventLoop, logger: logger), logger: logger)
        self.pipeline = CommandPipeline(
            silenceLimit: TimeAmount(configuration.silenceLimit), confirms: configuration.waitReplicas > 0)
    }

    var isConnected: Bool { hasConnection.load(ordering: .relaxed) }

    // MARK: Any thread

    /// Keeps a connection up until cancelled; then everything unanswered fails, as does everything later.
    func run() async {
        await withTaskCancellationHandler {
            await connector.keepConnected(self) { error in
                self.eventLoop.execute {
                    self.lastFailure = error
                    self.troubled?()
                }
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

    /// The reply to `command` on a link that lives for this one only and tries to connect once.
    func answer(to command: RedisCommand, within timeout: Duration) async throws(RedisClientError) -> RESPValue {
        let answer: Result<RESPValue, RedisClientError> = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    await self.connector.connectOnce(self) { error in
                        self.eventLoop.execute { self.giveUp(error) }
                    }
                } onCancel: {
                    self.eventLoop.execute { self.shutDown() }
                }
            }
            defer { group.cancelAll() }
            do throws(RedisClientError) { return .success(try await send(command, timeout: timeout)) } catch {
                return .failure(error)
            }
        }
        return try answer.get()
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
        let start = NIODeadline.now()
        configuration.metrics?.began()
        let outcome = await self.outcome(of: commands, count: count, timeout: timeout, start: start)
        configuration.metrics?.ended(commands, since: start, outcome)
        return outcome
    }

    private nonisolated(nonsending) func outcome(
        of commands: RedisRequest.Commands, count: Int, timeout: Duration?, start: NIODeadline
    ) async -> RedisRequest.Outcome {
        let limit = configuration.maxInFlight
        guard outstanding.wrappingAdd(count, ordering: .relaxed).newValue <= limit else {
            outstanding.wrappingSubtract(count, ordering: .relaxed)
            let message = "more than \(limit) commands at a time on one connection"
            return .failure(RedisClientError(.overloaded, message, mayHaveRun: false))
        }
        let time = min(timeout ?? configuration.commandTimeout, Self.longestTimeout)
        let request = RedisRequest(commands, start: start, deadline: start + TimeAmount(time))
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
        flush()
        armTimer()
    }

    private func write(_ request: RedisRequest, now: NIODeadline) {
        guard let connection, request.beginSending() else { return settle(request) }
        for index in 0..<request.commandCount {
            let command = request.command(at: index)
            connection.write(command, withSource: command.script.map(isNew) ?? false)
        }
        configuration.metrics?.sent(after: now - request.start)
        pipeline.sent(request, now: now)
    }

    /// Sends what was written, and behind it a question to the replicas when something of it needs their confirmation:
    /// one for the whole flush.
    private func flush() {
        if pipeline.needsConfirmation, let connection {
            let timeout = Int(configuration.waitTimeout / .milliseconds(1))
            connection.write(RedisCommand("WAIT", RedisArgument(configuration.waitReplicas), RedisArgument(timeout)))
            pipeline.askedReplicas(now: .now())
        }
        connection?.flush()
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

    /// No connection will come any more.
    private func giveUp(_ error: any Error) {
        inbox.withLock { $0.isClosed = true }
        takeInbox()
        for request in pipeline.drain() {
            settle(request)
            request.fail(.notConnected, "no connection to \(configuration)", underlying: error)
        }
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
            if connection == nil {
                request.fail(.notConnected, "no connection to \(configuration)", underlying: lastFailure)
            } else {
                request.fail(.deadlineExceeded, "the replicas' confirmation of earlier commands took too long")
            }
        }
        for request in expiry.unanswered {
            request.fail(.deadlineExceeded, "no reply in time")
        }
        if expiry.isUnconfirmed { failUnconfirmed(.deadlineExceeded, "no word of the replicas in time") }
        if !expiry.unanswered.isEmpty { troubled?() }
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
        flush()
        armTimer()
    }

    func bytesArrived() {
        pipeline.bytesArrived(now: .now())
    }

    func received(_ reply: RESPValue) {
        switch pipeline.received(reply) {
        case .deliver(let request, let index):
            if case .error(let error) = reply, error.isReadOnly { isAtReplica = true }
            guard let value = request.record(reply, at: index) else { return }
            settle(request)
            answer(request, value)
        case .reload(let request, let index) where request.isFinished:
            // Nobody waits for it any more, so it had better not run.
            if request.record(reply, at: index) != nil { settle(request) }
        case .reload(let request, let index):
            connection?.write(request.command(at: index), withSource: true)
            pipeline.reloading(request, index: index, now: .now())
        case .confirmed(let waiting):
            confirmed(by: reply)
            let now = NIODeadline.now()
            for request in waiting { write(request, now: now) }
        case .unexpected:
            connection?.close(
                RedisClientError(.protocolViolation, "a reply that nothing was sent for", mayHaveRun: true))
        }
    }

    func readComplete() {
        flush()
        armTimer()
        endIfDrained()
        // The next connection asks the sentinels, or the name service, for the primary. In a cluster the slot map knows it,
        // and the links stay.
        guard isAtReplica, troubled == nil else { return }
        connection?.close(.connectionLost("the server has become a replica"))
    }

    func disconnected(_ error: RedisClientError) {
        connection = nil
        hasConnection.store(false, ordering: .relaxed)
        isAtReplica = false
        lastFailure = error
        for request in pipeline.disconnected() {
            settle(request)
            request.fail(error.code, error.message, underlying: error.underlying)
        }
        failUnconfirmed(error.code, error.message, underlying: error.underlying)
        troubled?()
        endIfDrained()
    }

    private func answer(_ request: RedisRequest, _ value: RESPValue) {
        // An error wrote nothing that replicas could confirm, and may say where the command has to go.
        if case .error = value { return request.succeed(value) }
        if pipeline.holdsBack(request) { unconfirmed.append((request, value)) } else { request.succeed(value) }
    }

    /// Answers what was held back: with its reply if enough replicas have it, else with an error, since it has run.
    private func confirmed(by reply: RESPValue) {
        guard let replicas = reply.integer, replicas >= configuration.waitReplicas else {
            let known = reply.integer.map { "\($0) of \(configuration.waitReplicas) replicas have it" } ?? "\(reply)"
            return failUnconfirmed(.notReplicated, known)
        }
        let answered = unconfirmed
        unconfirmed = []
        for (request, value) in answered { request.succeed(value) }
    }

    private func failUnconfirmed(
        _ code: RedisClientError.Code, _ message: String, underlying: (any Error)? = nil
    ) {
        let failed = unconfirmed
        unconfirmed = []
        for (request, _) in failed { request.fail(code, message, underlying: underlying) }
    }
}
