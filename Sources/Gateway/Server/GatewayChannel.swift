import HummingbirdCore
import InventoryStore
import Logging
import NIOCore
import NIOHTTP1
import Observability
import OrderRepository

/// A connection: Hummingbird's HTTP/1.1 with `HotPathHandler` in front of it.
struct GatewayChannel<Inventory: InventoryStore, Repository: OrderRepository>: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let http: HTTP1Channel
    let hot: HotRoutes<Inventory, Repository>
    let date: HTTPDate
    let limits: GatewayLimits
    /// nil: a client may have any number of connections.
    let counts: ConnectionCounts?
    /// By event loop.
    let executors: [ObjectIdentifier: EventLoopExecutor]

    /// An error in the set-up of a connection would be the server's and end it, so it ends the connection here.
    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let isAdmitted = counts?.admit(channel) ?? true
        return http.setup(channel: channel, logger: logger).map { value in
            do {
                if isAdmitted { try addHandlers(to: channel) } else { channel.close(promise: nil) }
            } catch {
                logger.debug("gateway.connection_refused", metadata: [LogKey.error: "\(error)"])
                channel.close(promise: nil)
            }
            return value
        }
    }

    private func addHandlers(to channel: any Channel) throws {
        // One read in a turn: its requests are what a client can have answered before it takes an answer.
        try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
        try channel.syncOptions?.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2_048, maximum: limits.readBytes))
        let pipeline = channel.pipeline.syncOperations
        let patience = ConnectionPatience(limits)
        let handler = HotPathHandler(
            hot: hot, date: date, patience: patience, executor: executors[ObjectIdentifier(channel.eventLoop)],
            encoder: try pipeline.context(handlerType: HTTPResponseEncoder.self))
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
        try pipeline.addHandler(handler, position: .after(decoder))
        // Hummingbird's own idle timer does not see the requests that are answered before it.
        try pipeline.addHandler(patience, position: .first)
    }

    func handle(value: Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}
