package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The connections to a Redis server or cluster: shared ones for commands, one for subscriptions, and blocking ones on
/// demand.
///
/// Any number of tasks may call it at once. Their commands share connections, each written as soon as it is there,
/// with one flush for all that were issued during one turn of the event loop. Every call ends: with the reply, or with
/// an error that says whether the command may have run. A command that has no connection yet waits for one until its
/// deadline. Nothing is ever sent twice by the client itself, except what the server said it did not run: a script that
/// it does not know, and in a cluster a command that belongs to another node or cannot run just now.
///
/// In a cluster each command goes to the primary of its key's slot (`RedisCommand`), after slots that move and through
/// fail-overs, within its deadline. Commands without a key go to any primary.
package final class RedisClient: Service {
    private let configuration: RedisConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    /// To the one server; none in a cluster.
    private let links: [RedisLink]
    private let cluster: ClusterRouter?
    /// The links to the nodes of the cluster that all callers share.
    private let nodes: ClusterNodes?
    private let subscriptions: SubscriptionLink
    private let next = Atomic<Int>(0)

    /// Connections are made by `run()`, on event loops of `eventLoopGroup`; one loop given as the group pins them.
    package init(
        configuration: RedisConfiguration,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger
    ) {
        precondition(configuration.sharedConnections > 0, "at least one connection carries the commands")
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        let subscriptionLoop = eventLoopGroup.next()
        let locate: RedisConnector.Locator
        if configuration.topology == .cluster {
            let cluster = ClusterRouter(configuration: configuration, eventLoopGroup: eventLoopGroup, logger: logger)
            self.cluster = cluster
            self.nodes = cluster.makeNodes(linksPerNode: configuration.sharedConnections, areShared: true)
            self.links = []
            locate = { cluster.anyNode() }
        } else {
            self.cluster = nil
            self.nodes = nil
            self.links = (0..<configuration.sharedConnections).map { _ in
                RedisLink(configuration: configuration, eventLoop: eventLoopGroup.next(), logger: logger)
            }
            locate = configuration.locator(eventLoop: subscriptionLoop, logger: logger)
        }
        self.subscriptions = SubscriptionLink(
            configuration: configuration, eventLoop: subscriptionLoop, locate: locate, logger: logger)
    }

    /// Keeps the connections up until graceful shutdown, when commands already sent are still answered, or until
    /// cancellation, when they fail. Later commands fail with `shutDown`.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for link in links {
                group.addTask { await link.run() }
            }
            if let cluster, let nodes {
                group.addTask { await nodes.run() }
                group.addTask { await cluster.run { self.subscriptions.stay(among: $0) } }
            }
            group.addTask { await self.subscriptions.run() }
            do {
                try await gracefulShutdown()
                cluster?.close()
                for link in links { await link.drain() }
                await nodes?.drain()
            } catch {
                // Cancelled: the links, cancelled as well, fail what they hold.
                cluster?.close()
            }
            group.cancelAll()
        }
    }

    /// Whether a command sent now would find a connection, in a cluster at whatever primary it is for.
    package var isConnected: Bool {
        guard let cluster, let nodes else { return links.allSatisfy(\.isConnected) }
        let primaries = cluster.primaries
        return !primaries.isEmpty && nodes.areConnected(primaries)
    }

    /// Sends one command and returns its reply; an error reply is thrown with the code `server`.
    ///
    /// `timeout` replaces the configured `commandTimeout`. When it passes, or the task is cancelled, the reply is
    /// dropped when it comes; the connection stays.
    package nonisolated(nonsending) func send(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisClientError) -> RESPValue {
        guard let cluster, let nodes else { return try await nextLink.send(command, timeout: timeout) }
        return try await cluster.send(command, to: command.target, over: nodes, timeout: timeout)
    }

    /// Sends one command, which has no key, to the server or to each primary of the cluster, one after another; returns
    /// their replies in no certain order.
    package nonisolated(nonsending) func sendToPrimaries(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisClientError) -> [RESPValue] {
        guard let cluster, let nodes else { return [try await nextLink.send(command, timeout: timeout)] }
        // Waits for the slot map.
        _ = try await cluster.send(RedisCommand("PING"), to: .anyPrimary, over: nodes, timeout: timeout)
        var replies: [RESPValue] = []
        for primary in cluster.primaries {
            replies.append(
                try await cluster.send(command, to: .primary(primary), over: nodes, timeout: timeout))
        }
        return replies
    }

    /// Sends `commands` in order on one connection with one flush and returns their replies in that order, in which
    /// error replies are `.error` elements. It is no transaction: commands of others may run between them.
    ///
    /// In a cluster all must be of one slot, that of the first one with a key. Those that a node refuses because the
    /// slot moves are sent again one by one, after the rest of the pipeline.
    package nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisClientError) -> [RESPValue] {
        guard let cluster, let nodes else { return try await nextLink.pipeline(commands, timeout: timeout) }
        let slot = commands.lazy.compactMap(\.slot).first
        return try await cluster.pipeline(
            commands, to: slot.map { .slot($0) } ?? .anyPrimary, over: nodes, timeout: timeout)
    }

    /// Lends `body` a connection of its own, for commands that block, such as `XREADGROUP … BLOCK`. In a cluster all its
    /// commands are of the slot of `key`, which it follows when that moves or its node dies.
    ///
    /// It is opened for this call, reconnects by itself, and is closed when `body` returns. It needs no `run()`, except
    /// in a cluster.
    package nonisolated(nonsending) func withBlockingConnection<T>(
        for key: RedisArgument, _ body: (RedisBlockingConnection) async throws -> T
    ) async throws -> T {
        guard let cluster else {
            let link = RedisLink(
                configuration: configuration.unmeasured, eventLoop: eventLoopGroup.next(), logger: logger)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await link.run() }
                defer { group.cancelAll() }
                return try await body(RedisBlockingConnection(link: link))
            }
        }
        let nodes = cluster.makeNodes(linksPerNode: 1, areShared: false)
        defer { cluster.leave(nodes) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await nodes.run() }
            defer { group.cancelAll() }
            return try await body(RedisBlockingConnection(cluster: cluster, nodes: nodes, slot: HashSlot(of: key)))
        }
    }

    /// Subscribes to `channels` until the returned stream is no longer read or the client is shut down.
    ///
    /// All subscriptions share one connection, which `run()` makes when the first one is there.
    package func subscribe(to channels: [String]) -> AsyncStream<RedisPush> {
        subscriptions.subscribe(to: channels)
    }

    private var nextLink: RedisLink {
        guard links.count > 1 else { return links[0] }
        let ticket = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return links[Int(UInt(bitPattern: ticket) % UInt(links.count))]
    }
}
