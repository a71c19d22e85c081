import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import RedisClient

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Runs `body` with a client that is kept connected meanwhile.
func withClient<T>(
    _ url: String, _ change: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (RedisClient) async throws -> T
) async throws -> T {
    var configuration = try RedisConfiguration(url: url)
    configuration.commandTimeout = .seconds(20)  // The machine may be busy; what is about time sets its own.
    change(&configuration)
    let client = RedisClient(configuration: configuration, logger: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run() }
        defer { group.cancelAll() }
        return try await body(client)
    }
}

/// The error that `body` throws, or nil.
func redisError(_ body: () async throws -> Void) async throws -> RedisClientError? {
    do {
        try await body()
        return nil
    } catch let error as RedisClientError {
        return error
    }
}

extension RedisClient {
    /// The server's number of the connection that commands go by.
    func connectionID() async throws -> Int64? { try await send(RedisCommand("CLIENT", "ID")).integer }
}

/// Lets a `BLPOP` of `key` end, from a connection of its own.
func unblock(_ key: RedisArgument, _ server: RedisServer) async throws {
    try await withClient(server.url) { _ = try await $0.send(RedisCommand("LPUSH", key, 1)) }
}

/// Waits until a client of `server`, which no other test uses, blocks in `command`.
func waitUntilBlocked(in command: String, _ server: RedisServer) async throws {
    try await withClient(server.url) { observer in
        try await eventually("a client blocks in \(command)") {
            let clients = try await observer.send(RedisCommand("CLIENT", "LIST")).string ?? ""
            return clients.split(separator: "\n").contains { $0.contains("flags=b") && $0.contains("cmd=\(command)") }
        }
    }
}

/// A server that answers what the test tells it to, byte for byte.
final class ScriptedServer: Sendable {
    /// Gets the number of the connection, from 1, and what was read from it.
    typealias Script = @Sendable (_ connection: Int, _ input: String) -> Answer

    enum Answer: Sendable {
        case nothing
        case text(String)
        /// Sends the text, then closes the connection.
        case last(String)
    }

    let port: Int
    private let channel: any Channel
    private let accepted: Counter

    private final class Counter: Sendable { let value = Atomic<Int>(0) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let connection: Int
        let script: Script

        init(_ connection: Int, _ script: @escaping Script) {
            self.connection = connection
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch script(connection, String(buffer: unwrapInboundIn(data))) {
            case .nothing: break
            case .text(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            case .last(let text):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                context.close(promise: nil)
            }
        }
    }

    init(_ script: @escaping Script) async throws {
        let accepted = Counter()
        self.accepted = accepted
        self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = accepted.value.wrappingAdd(1, ordering: .relaxed).newValue
                    try channel.pipeline.syncOperations.addHandler(Handler(number, script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = channel.localAddress!.port!
    }

    var url: String { "redis://127.0.0.1:\(port)" }
    var connections: Int { accepted.value.load(ordering: .relaxed) }

    deinit {
        channel.close(promise: nil)
    }
}
