import Logging
import NIOCore
import Synchronization

/// The connection of all subscriptions of a client, made when the first one is there and kept from then on.
///
/// Unchecked: what is not a constant or a lock is touched on `eventLoop` only.
final class SubscriptionLink: @unchecked Sendable {
    private struct Registry {
        var nextListener = 0
        var isClosed = false
    }

    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let connector: RedisConnector
    private let registry = Mutex(Registry())
    private let (firstListener, firstListenerArrived) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingOldest(1))

    private var state = SubscriptionState()
    private var streams: [SubscriptionState.Listener: AsyncStream<RedisPush>.Continuation] = [:]
    private var connection: RedisConnection?
    private var probe: RepeatedTask?
    private var hasProgress = false
    private var isShutDown = false

    /// `locate` says before each connection where it goes to.
    init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, locate: @escaping RedisConnector.Locator,
        logger: Logger
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.connector = RedisConnector(
            configuration: configuration, eventLoop: eventLoop, locate: locate, logger: logger)
    }

    // MARK: Any thread

    func run() async {
        await withTaskCancellationHandler {
            for await _ in firstListener { break }
            await connector.keepConnected(self) { _ in }
        } onCancel: {
            registry.withLock { $0.isClosed = true }
            eventLoop.execute { self.shutDown() }
        }
    }

    func subscribe(to channels: [String]) -> AsyncStream<RedisPush> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: RedisPush.self, bufferingPolicy: .bufferingNewest(configuration.subscriptionBuffer))
        let listener: Int? = registry.withLock { registry in
            guard !registry.isClosed else { return nil }
            registry.nextListener += 1
            return registry.nextListener
        }
        guard let listener, !channels.isEmpty else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { _ in
            self.eventLoop.execute { self.remove(listener) }
        }
        eventLoop.execute { self.add(listener, continuation, channels) }
        firstListenerArrived.yield()
        return stream
    }

    /// Moves on to another node when the present one is none of `nodes`: it no longer hears what the others publish.
    func stay(among nodes: Set<RedisAddress>) {
        eventLoop.execute {
            guard let connection = self.connection, !nodes.contains(connection.address) else { return }
            connection.close(.connectionLost("\(connection.address) has left the cluster"))
        }
    }

    // MARK: The event loop

    private func add(
        _ listener: SubscriptionState.Listener, _ stream: AsyncStream<RedisPush>.Continuation, _ channels: [String]
    ) {
        guard !isShutDown else { return stream.finish() }
        streams[listener] = stream
        perform(state.subscribe(listener, to: channels))
    }

    private func remove(_ listener: SubscriptionState.Listener) {
        streams[listener] = nil
        perform(state.unsubscribe(listener))
    }

    private func shutDown() {
        isShutDown = true
        connection?.close(.wasShutDown)
        let streams = streams.values
        self.streams = [:]
        for stream in streams { stream.finish() }
    }

    private func perform(_ actions: SubscriptionState.Actions) {
        if !actions.subscribe.isEmpty {
            connection?.write(RedisCommand(arguments: ["SUBSCRIBE"] + actions.subscribe.map { RedisArgument($0) }))
        }
        if !actions.unsubscribe.isEmpty {
            connection?.write(RedisCommand(arguments: ["UNSUBSCRIBE"] + actions.unsubscribe.map { RedisArgument($0) }))
        }
        connection?.flush()
        for push in actions.pushes { deliver(push.push, to: streams[push.listener]) }
    }

    /// A reader that is so slow that a push was dropped finds `subscribed` behind the gap.
    private func deliver(_ push: RedisPush, to stream: AsyncStream<RedisPush>.Continuation?) {
        guard let stream else { return }
        if case .dropped = stream.yield(push), push != .disconnected { stream.yield(.subscribed) }
    }

    /// Called every `keepAliveInterval`: nothing since the last probe means that the connection is dead.
    private func check() {
        guard hasProgress else {
            connection?.close(.connectionLost("the server sends nothing any more"))
            return
        }
        hasProgress = false
        connection?.write(RedisCommand("PING"))
        connection?.flush()
    }
}

extension SubscriptionLink: ReplyConsumer {
    func connected(_ connection: RedisConnection) {
        guard !isShutDown else { return connection.close(.wasShutDown) }
        self.connection = connection
        hasProgress = true
        let interval = TimeAmount(configuration.keepAliveInterval)
        probe = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            self.check()
        }
        perform(state.connected())
    }

    func bytesArrived() {
        hasProgress = true
    }

    func received(_ reply: RESPValue) {
        if case .error(let error) = reply {
            connection?.close(RedisClientError(error))
        } else if let actions = state.received(reply) {
            perform(actions)
        } else {
            connection?.close(
                RedisClientError(.protocolViolation, "not a message of a subscription", mayHaveRun: true))
        }
    }

    func readComplete() {}

    func disconnected(_ error: RedisClientError) {
        connection = nil
        probe?.cancel()
        probe = nil
        perform(state.disconnected())
    }
}
