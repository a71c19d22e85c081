import Logging
import Observability
import OnsaleConfiguration
import OrderRepository
import ServiceLifecycle
import Telemetry

/// The inventory worker: commits accepted purchases, takes payment, issues tickets.
@main
enum App {
    static func main() async throws {
        let config = try await ConfigReader.onsale()
        let telemetry = try Telemetry.bootstrap(config: config, program: .worker)
        let logger = Logger(label: "onsale.worker")
        do {
            try await build(config: config, telemetry: telemetry, logger: logger).run()
        } catch {
            logger.critical("worker.failed", metadata: [LogKey.error: "\(error)"])
            throw error
        }
    }
}
