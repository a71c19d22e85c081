import Foundation
import NIOCore
import NIOPosix

/// `loadtest agent`: sends its part of a load for whoever knows the secret, one run at a time.
struct AgentServer: Sendable {
    private let channel: any Channel
    private let connections: AsyncStream<AgentConnection>
    private let secret: String
    private let group: any EventLoopGroup
    private let display: LiveDisplay
    private let patience: TimeAmount

    /// Where it listens.
    var port: Int { channel.localAddress?.port ?? 0 }

    /// Whoever has not shown the secret after `patience` is shown out, so that nobody keeps others from their runs.
    static func listen(
        on address: AgentAddress, secret: String, group: any EventLoopGroup, display: LiveDisplay,
        patience: TimeAmount = .seconds(10)
    ) async throws -> AgentServer {
        let (connections, continuation) = AsyncStream.makeStream(of: AgentConnection.self)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    continuation.yield(try AgentConnection(takingOver: channel))
                }
            }
            .bind(host: address.host, port: address.port).get()
        channel.closeFuture.whenComplete { _ in continuation.finish() }
        return AgentServer(
            channel: channel, connections: connections, secret: secret, group: group, display: display,
            patience: patience)
    }

    /// Serves until `stop`, or until the task is cancelled.
    func run() async throws {
        for await connection in connections {
            do {
                try await AgentSession(
                    connection: connection, secret: secret, patience: patience, group: group, display: display
                ).run()
            } catch {
                display.note("a run was broken off: \(error)")
            }
        }
    }

    func stop() async throws { try await channel.close().get() }
}
