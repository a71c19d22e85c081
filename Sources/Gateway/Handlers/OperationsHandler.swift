import HTTPTypes
import Hummingbird
import InventoryStore
import Logging
import NIOCore
import Observability
import OrderRepository
import Ticketing

/// `/healthz`, `/readyz` and `/metrics`
struct OperationsHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let readiness: Readiness<Inventory, Repository>
    let registry: PrometheusRegistry
    let progress: LaneProgressCache
    let partitioning: Partitioning
    let metrics: GatewayMetrics
    /// Whether `/metrics` is answered where everybody can ask, since it has no port of its own.
    let hasPublicMetrics: Bool

    private struct Health: Encodable {
        let status: String
    }

    /// The routes of the API's port.
    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        addHealth(to: router)
        router.get("/metrics") { _, _ in
            guard hasPublicMetrics else { throw Problem(.notFound, "There is nothing at this path.") }
            return await text()
        }
    }

    /// What answers on GATEWAY_METRICS_PORT, where no sale can keep a scrape waiting.
    func application(host: String, port: Int, logger: Logger) -> some ApplicationProtocol {
        let router = Router()
        addHealth(to: router)
        router.get("/metrics") { _, _ in await text() }
        return Application(
            router: router, configuration: .init(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                logger.info(
                    "gateway.metrics", metadata: [LogKey.address: "\(channel.localAddress?.description ?? host)"])
            }, logger: logger)
    }

    private func addHealth(to router: some RouterMethods) {
        // Whether the process is alive; says nothing of what it depends on, so that an outage restarts nothing.
        router.get("/healthz") { _, _ in
            try JSONResponse.make(Health(status: "ok"), headers: [.cacheControl: "no-store"])
        }
        router.get("/readyz") { _, _ in
            let report = await readiness.report()
            return try JSONResponse.make(
                report, status: report.isReady ? .ok : .serviceUnavailable, headers: [.cacheControl: "no-store"])
        }
    }

    private func text() async -> Response {
        await measureBacklogs()
        return Response(
            status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: registry.render())))
    }

    private func measureBacklogs() async {
        await withTaskGroup(of: (Partition, Int64)?.self) { group in
            for partition in partitioning.all {
                group.addTask {
                    // Without Redis the gauge stays as it was; `/readyz` says that Redis is away.
                    guard let progress = try? await progress.progress(of: partition) else { return nil }
                    return (partition, progress.accepted - progress.committed)
                }
            }
            for await case (let partition, let backlog)? in group { metrics.backlog(backlog, of: partition) }
        }
    }
}
