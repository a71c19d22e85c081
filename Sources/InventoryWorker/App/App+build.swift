import Foundation
import Hummingbird
import InventoryStore
import InventoryWorker
import Logging
import Mail
import Observability
import OnsaleConfiguration
import OrderRepository
import Payments
import PostgresClient
import RedisClient
import ServiceLifecycle
import Telemetry
import Ticketing
import UnixSignals

extension App {
    /// Connects the parts; the only place where concrete types meet.
    static func build(config: ConfigReader, telemetry: Telemetry, logger: Logger) async throws -> ServiceGroup {
        try FailPoint.arm(config: config)
        let configuration = try WorkerConfiguration(config: config)
        let partitioning = try Partitioning(config: config)
        let postgres = PostgresClient(
            configuration: try .lanes(config: config), logger: logger, metrics: PostgresMetrics(pool: "lanes"))
        telemetry.show(postgres, pool: "lanes")
        var redisConfiguration = try RedisConfiguration(config: config)
        let redisMetrics = RedisMetrics()
        redisConfiguration.metrics = redisMetrics
        let redis = RedisClient(configuration: redisConfiguration, logger: logger)
        telemetry.show(redis, redisMetrics)
        let inventory = RedisInventoryStore(
            redis: redis, partitioning: partitioning, configuration: try InventoryConfiguration(config: config),
            logger: logger)
        let payments = try ConfiguredPaymentGateway(config: config, postgres: postgres)
        do {
            if let longest = payments.longestHold, configuration.hold > longest {
                throw ConfigurationError(
                    .invalid, subject: "ORDER_HOLD_SECONDS", given: "\(configuration.hold)",
                    allowed: "at most \(longest) with Stripe")
            }
            // Other workers, and the server itself, may still be starting: a worker waits for Postgres rather than end.
            try await retrying(logger) {
                try await Deployment(postgres: postgres).claimPartitions(partitioning)
                try await payments.prepare()
            }
            return try services(
                config: config, configuration, partitioning, postgres, redis, inventory, payments, telemetry, logger)
        } catch {
            // What is open would say less than the error.
            try await payments.close()
            throw error
        }
    }

    /// The parts over their stores and the payment provider.
    private static func services(
        config: ConfigReader, _ configuration: WorkerConfiguration, _ partitioning: Partitioning,
        _ postgres: PostgresClient, _ redis: RedisClient, _ inventory: RedisInventoryStore,
        _ payments: ConfiguredPaymentGateway, _ telemetry: Telemetry, _ logger: Logger
    ) throws -> ServiceGroup {
        let provider = MeasuredPaymentGateway(payments)
        let owner = "\(ProcessInfo.processInfo.hostName):\(ProcessInfo.processInfo.processIdentifier)"
        let lanes = partitioning.all.map { partition in
            Lane(
                partition: partition, owner: owner, store: RedisLaneStore(inventory: inventory),
                repository: PostgresLaneRepository(postgres: postgres), gateway: provider,
                configuration: configuration, logger: logger, tracer: telemetry.tracer)
        }
        let mail = try mailServices(config: config, telemetry, logger)
        let operations = OperationsServer(
            registry: telemetry.registry, inventory: inventory,
            repository: PostgresOrderRepository(postgres: postgres, partitioning: partitioning))
        let server = try operations.application(config: config, logger: logger)

        // Stopped in reverse: the lanes first, then what they stand on.
        var services = telemetry.services().map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) }
        services += [
            .init(service: PostgresShutdown(postgres: postgres)), .init(service: PaymentShutdown(payments: payments)),
            .init(service: redis), .init(service: server),
        ]
        services.append(
            .init(
                service: OutboxDispatcher(
                    repository: PostgresOutboxRepository(postgres: postgres), gateway: provider, logger: logger)))
        services.append(
            .init(
                service: ChargeReconciler(
                    repository: PostgresOutboxRepository(postgres: postgres), gateway: provider,
                    configuration: configuration, logger: logger)))
        services += mail.map { .init(service: $0) }
        services.append(
            .init(
                service: CancelledEventSweep(
                    repository: PostgresCancellationRepository(postgres: postgres), logger: logger)))
        services.append(.init(service: LaneGroup(lanes)))
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.shutdown + .seconds(10)
        return ServiceGroup(configuration: group)
    }

    /// What sends mails, and its one connection to Postgres: a wave of mails takes none of the lanes'.
    private static func mailServices(
        config: ConfigReader, _ telemetry: Telemetry, _ logger: Logger
    ) throws -> [any Service] {
        let configuration = try MailConfiguration(config: config)
        var database = try PostgresConfiguration(url: try config.required("database.url", isSecret: true))
        database.maxConnections = 1
        let postgres = PostgresClient(
            configuration: database, logger: logger, metrics: PostgresMetrics(pool: "mail"))
        telemetry.show(postgres, pool: "mail")
        func dispatcher(_ mailer: some Mailer, connections: Int, timeout: Duration) throws -> any Service {
            MailDispatcher(
                repository: PostgresMailRepository(postgres: postgres), mailer: mailer,
                writer: try LetterWriter(publicURL: configuration.publicURL), from: configuration.from,
                limits: MailLimits(rate: configuration.rate, connections: connections, timeout: timeout),
                logger: logger)
        }
        let service =
            if let smtp = configuration.smtp {
                try dispatcher(
                    SMTPMailer(configuration: smtp), connections: smtp.connections, timeout: smtp.timeout)
            } else {
                try dispatcher(LogMailer(logger: logger), connections: 4, timeout: .seconds(10))
            }
        return [PostgresShutdown(postgres: postgres), service]
    }

    /// Repeats `body` until it succeeds, with back-off, while Postgres is not there.
    private static func retrying(_ logger: Logger, _ body: () async throws -> Void) async throws {
        var backoff = Backoff()
        while true {
            do { return try await body() } catch let error as DeploymentError where error.code == .unavailable {
                logger.warning("worker.waits", metadata: [LogKey.error: "\(error)"])
            } catch let error as PaymentError {
                logger.warning("worker.waits", metadata: [LogKey.error: "\(error)"])
            }
            try await Task.sleep(for: backoff.pause())
        }
    }
}

/// Closes the connections to Postgres after everything that uses them has ended.
struct PostgresShutdown: Service {
    let postgres: PostgresClient

    func run() async throws {
        // Ends at graceful shutdown, which reaches this service last.
        try? await gracefulShutdown()
        await postgres.close()
    }
}

/// Closes the connections to the payment provider after everything that charges has ended.
struct PaymentShutdown: Service {
    let payments: ConfiguredPaymentGateway

    func run() async throws {
        // Ends at graceful shutdown, which reaches this service after the lanes.
        try? await gracefulShutdown()
        try await payments.close()
    }
}

extension PostgresConfiguration {
    /// The lanes' connections: DATABASE_URL with WORKER_POSTGRES_CONNECTIONS (default 8, 2...64) of them. Two are busy
    /// for each lane at work, one committing, one settling.
    static func lanes(config: ConfigReader) throws -> PostgresConfiguration {
        let url = try config.required("database.url", isSecret: true)
        var configuration = try PostgresConfiguration(url: PostgresLaneRepository.laneURL(url))
        configuration.maxConnections = try config.int("worker.postgres.connections", default: 8, in: 2...64)
        return configuration
    }
}
