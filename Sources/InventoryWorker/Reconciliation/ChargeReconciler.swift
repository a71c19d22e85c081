import CoreMetrics
package import Logging
package import OrderRepository
package import Payments
import Reconciliation
import ServiceLifecycle
import Ticketing

/// Goes through the provider's books, a page at a time and from the beginning again, and sees to it that what was
/// captured ends in tickets or is given back (I8). Every worker has one; that two of them find the same does no harm.
package struct ChargeReconciler<Repository: OutboxRepository, Gateway: PaymentGateway>: Service {
    private let comparer: ChargeComparer<Repository, Gateway>
    private let configuration: WorkerConfiguration
    private let logger: Logger
    private let time: TimeAndChance
    private let found: [ChargeFinding: Gauge]
    private let repaired = Counter(label: "onsale_charges_voided_total")

    package init(
        repository: Repository, gateway: Gateway, configuration: WorkerConfiguration, logger: Logger,
        time: TimeAndChance = .machine
    ) {
        self.comparer = ChargeComparer(
            repository: repository, gateway: gateway, limit: configuration.hold + WorkerConfiguration.chargeDelay)
        self.configuration = configuration
        self.logger = logger
        self.time = time
        self.found = Dictionary(
            uniqueKeysWithValues: ChargeFinding.allCases.map {
                ($0, Gauge(label: "onsale_charges_unsettled", dimensions: [("kind", $0.rawValue)]))
            })
    }

    package func run() async throws { try await cancelWhenGracefulShutdown { try await work() } }

    /// Works until cancelled.
    package func work() async throws {
        var cursor: String?
        var pass: [ChargeFinding: Int] = [:]
        while true {
            do { try await time.sleep(configuration.reconcileInterval) } catch { return }
            do { cursor = try await step(after: cursor, counting: &pass) } catch is CancellationError { return } catch {
                logger.warning("reconcile.failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Looks through the next page; returns where to go on. The gauges show the last whole pass.
    func step(after cursor: String?, counting pass: inout [ChargeFinding: Int]) async throws -> String? {
        let page = try await comparer.page(after: cursor, size: WorkerConfiguration.chargesPage)
        for (order, finding) in page.findings {
            logger.error("charge.unsettled", metadata: ["order.id": "\(order)", "kind": "\(finding.rawValue)"])
            if configuration.reconcileRepairs, try await comparer.repair(finding, of: order) { repaired.increment() }
        }
        for (_, finding) in page.findings { pass[finding, default: 0] += 1 }
        if page.next == nil {
            for (finding, gauge) in found { gauge.record(pass[finding] ?? 0) }
            pass = [:]
        }
        return page.next
    }
}
