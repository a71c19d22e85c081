package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The connections to one Redis server: shared ones for commands, one for subscriptions, and blocking ones on demand.
///
/// Any number of tasks may call it at once. Their commands share connections, each written as soon as it is there,
/// with one flush for all that were issued during one turn of the event loop. Every call ends: with the reply, or with
/// an error that says whether the command may have run. A command that has no connection yet waits for one until its
/// deadline. Nothing is ever sent twice by the client itself, except a script that the server said it does not know.
package final class RedisClient: Service {
    private let configuration: RedisConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    private let links: [RedisLink]
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
        self.links = (0..<configuration.sharedConnections).map { _ in
            RedisLink(configuration: configuration, eventLoop: eventLoopGroup.next(), logger: logger)
        }
        self.subscriptions = SubscriptionLink(
            configuration: configuration, eventLoop: eventLoopGroup.next(), logger: logger)
    }

    /// Keeps the connections up until graceful shutdown, when commands already sent are still answered, or until
    /// cancellation, when they fail. Later commands fail with `shutDown`.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for link in links {
                group.addTask { await link.run() }
            }
            group.addTask { await self.subscriptions.run() }
            do {
                try await gracefulShutdown()
                for link in links { await link.drain() }
            } catch {
                // Cancelled: the links, cancelled as well, fail what they hold.
            }
            group.cancelAll()
        }
    }

    /// Whether a command sent now would find a connection.
    package var isConnected: Bool {
        links.allSatisfy(\.isConnected)
    }

    /// Sends one command and returns its reply; an error reply is thrown with the code `server`.
    ///
    /// `timeout` replaces the configured `commandTimeout`. When it passes, or the task is cancelled, the reply is
    /// dropped when it comes; the connection stays.
    package nonisolated(nonsending) func send(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisClientError) -> RESPValue {
        try await nextLink.send(command, timeout: timeout)
    }

    /// Sends `commands` in order on one connection with one flush and returns their replies in that order, in which
    /// error replies are `.error` elements. It is no transaction: commands of others may run between them.
    package nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisClientError) -> [RESPValue] {
        try await nextLink.pipeline(commands, timeout: timeout)
    }

    /// Lends `body` a connection of its own, for commands that block, such as `XREADGROUP … BLOCK`.
    ///
    /// It is opened for this call, reconnects by itself, and is closed when `body` returns. It needs no `run()`.
    package nonisolated(nonsending) func withBlockingConnection<T>(
        _ body: (RedisBlockingConnection) async throws -> T
    ) async throws -> T {
        let link = RedisLink(configuration: configuration, eventLoop: eventLoopGroup.next(), logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await link.run() }
            defer { group.cancelAll() }
            return try await body(RedisBlockingConnection(link: link))
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
