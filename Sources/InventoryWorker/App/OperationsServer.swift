import Hummingbird
import InventoryStore
import Logging
import Observability
import OnsaleConfiguration
import OrderRepository

/// The worker's own page for operators: `/metrics`, `/healthz` and `/readyz` on METRICS_HOST (default 127.0.0.1) and
/// METRICS_PORT (default 9464; 0 takes a free one).
struct OperationsServer<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let registry: PrometheusRegistry
    let inventory: Inventory
    let repository: Repository

    func application(config: ConfigReader, logger: Logger) throws -> some ApplicationProtocol {
        let router = Router()
        router.get("healthz") { _, _ in "ok\n" }
        router.get("readyz") { _, _ in
            do {
                try await inventory.ping()
                try await repository.ping()
                return EditedResponse(status: .ok, response: "ready\n")
            } catch {
                return EditedResponse(status: .serviceUnavailable, response: "not ready: \(error)\n")
            }
        }
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: registry.render())))
        }
        let host = config.text("metrics.host", default: "127.0.0.1")
        let port = try config.int("metrics.port", default: 9_464, in: 0...65_535)
        return Application(
            router: router, configuration: .init(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                logger.info("worker.listening", metadata: ["address": "\(channel.localAddress?.description ?? host)"])
            }, logger: logger)
    }
}
