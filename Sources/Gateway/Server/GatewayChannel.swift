import HummingbirdCore
import InventoryStore
import Logging
import NIOCore
import NIOHTTP1
import OrderRepository

/// A connection: Hummingbird's HTTP/1.1 with `HotPathHandler` in front of it.
struct GatewayChannel<Inventory: InventoryStore, Repository: OrderRepository>: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let http: HTTP1Channel
    let hot: HotRoutes<Inventory, Repository>
    let date: HTTPDate
    let idleTime: Duration
    let requestTime: Duration
    /// By event loop.
    let executors: [ObjectIdentifier: EventLoopExecutor]

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let patience = ConnectionPatience(idleTime: idleTime, requestTime: requestTime)
            let handler = HotPathHandler(
                hot: hot, date: date, patience: patience, executor: executors[ObjectIdentifier(channel.eventLoop)],
                encoder: try pipeline.context(handlerType: HTTPResponseEncoder.self))
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(handler, position: .after(decoder))
            // Hummingbird's own idle timer does not see the requests that are answered before it.
            try pipeline.addHandler(patience, position: .first)
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}
