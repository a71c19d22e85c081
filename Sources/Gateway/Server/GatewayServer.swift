import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import InventoryStore
import Logging
import NIOCore
import NIOPosix
import Observability
import OrderRepository
import ServiceLifecycle

/// Listens and answers. Built on Hummingbird's server without its `Application`, which makes a logger with metadata, a
/// task-local value and a request context for each request, also for those that need none of them.
///
/// When the process stops: no new connection, idle ones are closed, requests that have begun are finished. Before that,
/// while `/readyz` says that it will, each connection ends with its next answer.
struct GatewayServer<Inventory: InventoryStore, Repository: OrderRepository>: Service {
    let responder: GatewayResponder<Inventory, Repository>
    let configuration: GatewayConfiguration
    let eventLoopGroup: any EventLoopGroup
    let logger: Logger
    /// Called with the bound port once the server listens.
    var onListening: @Sendable (Int) -> Void = { _ in }

    func run() async throws {
        let limits = configuration.limits
        let date = HTTPDate()
        let counts = configuration.requestLimits.connectionsAddress.map {
            ConnectionCounts(limit: $0, proxies: configuration.requestLimits.trustedProxies)
        }
        let executors = Dictionary(
            uniqueKeysWithValues: eventLoopGroup.makeIterator().map { (ObjectIdentifier($0), EventLoopExecutor($0)) })
        let server = try HTTPServerBuilder { http in
            GatewayChannel(
                http: HTTP1Channel(responder: http), hot: responder.hot, date: date, limits: limits, counts: counts,
                executors: executors)
        }.buildServer(
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: limits.listenBacklog,
                reuseAddress: true,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: logger)),
            eventLoopGroup: eventLoopGroup, logger: logger
        ) { request, writer, channel in
            var response = try await responder.respond(to: request) {
                AppRequestContext(source: .init(channel: channel, logger: logger))
            }
            response.headers.append(HTTPField(name: .date, value: date.now()))
            // Hummingbird closes the connection after this answer, and RFC 9112 §9.6 wants that said.
            if request.headers[.connection] == "close" { response.headers[.connection] = "close" }
            try await writer.write(response: response.head, body: response.body)
        } onServerRunning: { channel in
            await listening(on: channel)
        }
        try await server.run()
    }

    private func listening(on channel: any Channel) async {
        do {
            // NIO's default of 4 would let a burst of connects fill the kernel's queue (P23).
            try await channel.setOption(
                ChannelOptions.maxMessagesPerRead, value: UInt(configuration.limits.acceptsPerTurn)
            )
            .get()
            let port = channel.localAddress?.port ?? configuration.port
            if let path = configuration.portFile {
                try Data("\(port)\n".utf8).write(to: URL(filePath: path), options: .atomic)
            }
            logger.info("gateway.listening", metadata: [LogKey.address: "\(configuration.host):\(port)"])
            onListening(port)
        } catch {
            logger.error("gateway.listening_failed", metadata: [LogKey.error: "\(error)"])
        }
    }
}
