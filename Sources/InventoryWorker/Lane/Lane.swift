import CoreMetrics
package import InventoryStore
package import Logging
package import OnsaleTracing
package import OrderRepository
package import Payments
import Reconciliation
import ServiceLifecycle
package import Ticketing

/// One partition's way from the stream to Postgres. Of all workers' lanes for a partition one holds the lease and works;
/// the others wait for it to run out.
package final class Lane<Store: LaneStore, Repository: LaneRepository, Gateway: PaymentGateway>: Service {
    private let partition: Partition
    private let owner: String
    private let store: Store
    private let repository: Repository
    private let configuration: WorkerConfiguration
    private let metrics: LaneMetrics
    private let drift: ReconciliationMetrics
    private let suspicion = BuyerSuspicion(handed: StockInquiry.mostBuyers)
    private let logger: Logger
    private let tracer: SpanTracer?
    private let time: TimeAndChance
    private let settler: Settler<Store, Repository, Gateway>

    package init(
        partition: Partition, owner: String, store: Store, repository: Repository, gateway: Gateway,
        configuration: WorkerConfiguration, logger: Logger, tracer: SpanTracer? = nil, time: TimeAndChance = .machine
    ) {
        var logger = logger
        logger[metadataKey: "partition"] = "\(partition.number)"
        self.partition = partition
        self.owner = owner
        self.store = store
        self.repository = repository
        self.configuration = configuration
        self.metrics = LaneMetrics(partition: String(partition.number))
        self.drift = ReconciliationMetrics(partition: String(partition.number))
        self.logger = logger
        self.tracer = tracer
        self.time = time
        self.settler = Settler(
            store: store, repository: repository, gateway: gateway, partition: partition,
            configuration: configuration, metrics: metrics, logger: logger, tracer: tracer, time: time)
    }

    /// Works until graceful shutdown. A store that fails is tried again, with the same lease while that holds.
    package func run() async throws {
        var backoff = Backoff(time: time)
        var lease: Lease?
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do {
                if let held = lease, try await !repository.renew(held, for: configuration.lease) {
                    throw LeaseLost(lease: held)
                }
                if lease == nil {
                    lease = try await repository.acquireLease(of: partition, owner: owner, for: configuration.lease)
                }
                guard let held = lease else {
                    metrics.release()
                    drift.reset()
                    await time.pause(time.jittered(configuration.lease / 4))
                    continue
                }
                metrics.hold(held)
                metrics.beat(at: time.calendar())
                try await serve(held)
                backoff.reset()
            } catch is LeaseLost {
                logger.warning("lane.lost", metadata: ["lane.epoch": "\(lease?.epoch ?? 0)"])
                lease = nil
                metrics.release()
            } catch {
                guard !Task.isCancelled else { break }
                logger.warning("lane.retry", metadata: ["error": "\(error)"])
                await time.pause(backoff.pause())
            }
        }
        if let lease {
            do { try await repository.giveUp(lease) } catch {
                logger.notice("lane.lease.kept", metadata: ["error": "\(error)"])
            }
        }
        metrics.release()
    }

    /// Works under the lease until shutdown is asked for; throws when a store fails or the lease is lost.
    private func serve(_ lease: Lease) async throws {
        logger.info("lane.serve", metadata: ["lane.epoch": "\(lease.epoch)"])
        let comparer = StockComparer(store: store, repository: repository)
        let sweep = BookSweep(
            comparer: comparer, partition: partition, suspicion: suspicion, configuration: configuration,
            metrics: drift, logger: logger, time: time)
        let reconciler = StockReconciler(
            comparer: comparer, partition: partition, suspicion: suspicion, configuration: configuration,
            metrics: drift, logger: logger, time: time)
        try await store.withReader(of: partition, consumer: owner) { reader in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.settler.run(under: lease) }
                group.addTask {
                    var sweep = sweep
                    try await sweep.run()
                }
                var tenure = LaneTenure(
                    reader: reader, store: store, repository: repository, settler: settler, lease: lease,
                    reconciler: reconciler, configuration: configuration, metrics: metrics, logger: logger,
                    tracer: tracer, time: time)
                group.addTask {
                    try await tenure.run()
                    try await self.finishCharges(under: lease)
                }
                // Whichever ends first decides: the tenure at shutdown, or either by an error.
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    /// At shutdown: waits for charges under way, within the limit; the rest is found in Postgres by the next lane.
    private func finishCharges(under lease: Lease) async throws {
        let end = time.now() + configuration.shutdown
        while !settler.isIdle && time.now() < end {
            guard try await repository.renew(lease, for: configuration.lease) else { throw LeaseLost(lease: lease) }
            try await time.sleep(.milliseconds(20))
        }
    }
}
