import HTTPTypes
import Hummingbird
import InventoryStore
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

    private struct Health: Encodable {
        let status: String
    }

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        // Whether the process is alive; says nothing of what it depends on, so that an outage restarts nothing.
        router.get("/healthz") { _, _ in
            try JSONResponse.make(Health(status: "ok"), headers: [.cacheControl: "no-store"])
        }
        router.get("/readyz") { _, _ in
            let report = await readiness.report()
            return try JSONResponse.make(
                report, status: report.isReady ? .ok : .serviceUnavailable, headers: [.cacheControl: "no-store"])
        }
        router.get("/metrics") { _, _ in
            await measureBacklogs()
            return Response(
                status: .ok, headers: [.contentType: PrometheusRegistry.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: registry.render())))
        }
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
