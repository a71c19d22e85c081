import CoreMetrics
import Logging
import Observability
import OnsaleConfiguration
import OrderRepository
import ServiceLifecycle

/// The inventory worker: commits accepted purchases, takes payment, issues tickets.
@main
enum App {
    static func main() async throws {
        let config = try await ConfigReader.onsale()
        LoggingBootstrap.bootstrap(try LoggingConfiguration(config: config))
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "onsale.worker")
        do {
            try await build(config: config, registry: registry, logger: logger).run()
        } catch {
            logger.critical("worker.failed", metadata: [LogKey.error: "\(error)"])
            throw error
        }
    }
}
