import InventoryStore
import Logging
import NIOPosix
import ObjectStorage
import Observability
import OnsaleConfiguration
import OrderRepository
import PostgresClient
import RateLimiting
import RedisClient
import Security
import ServiceLifecycle
import Telemetry
import Ticketing

extension App {
    /// Puts the live parts together; the only place where concrete types meet.
    ///
    /// Redis may be away when a gateway starts: it answers 503 until Redis comes. Postgres is waited for, because only
    /// it can say whether this gateway's partitions are the deployment's.
    static func build(config: ConfigReader, telemetry: Telemetry) async throws -> ServiceGroup {
        let logger = Logger(label: "onsale.gateway")
        try FailPoint.arm(config: config)
        var configuration = try GatewayConfiguration(config: config)
        let descriptors = OpenFiles.raiseLimit()
        if configuration.limits.connections > descriptors - GatewayLimits.ownDescriptors {
            configuration.limits.connections = max(1, descriptors - GatewayLimits.ownDescriptors)
            logger.warning(
                "gateway.connections_limited", metadata: [LogKey.limit: "\(configuration.limits.connections)"])
        }
        let tokens = try TokenConfiguration(config: config)
        configuration.sessions.watch(tokens)
        let provider = try IdentityProviderConfiguration(config: config)
        let verifier = try await TokenVerifier(configuration: tokens, provider: provider)
        let eventLoopGroup = MultiThreadedEventLoopGroup.singleton

        var redisConfiguration = try RedisConfiguration(config: config)
        let redisMetrics = RedisMetrics()
        redisConfiguration.metrics = redisMetrics
        let redis = RedisClient(configuration: redisConfiguration, eventLoopGroup: eventLoopGroup, logger: logger)
        telemetry.show(redis, redisMetrics)
        let inventory = RedisInventoryStore(
            redis: redis, partitioning: configuration.partitioning,
            configuration: try InventoryConfiguration(config: config), logger: logger)

        var postgresConfiguration = try PostgresConfiguration(url: try config.required("database.url", isSecret: true))
        postgresConfiguration.maxConnections = configuration.postgresConnections
        let postgres = PostgresClient(
            configuration: postgresConfiguration, logger: logger, metrics: PostgresMetrics(pool: "primary"))
        telemetry.show(postgres, pool: "primary")
        try await claimPartitions(configuration.partitioning, postgres, logger: logger)
        let replica = try configuration.replicaURL.map { url in
            var configuration = try PostgresConfiguration(url: url)
            configuration.maxConnections = postgresConfiguration.maxConnections
            return PostgresClient(
                configuration: configuration, logger: logger, metrics: PostgresMetrics(pool: "replica"))
        }
        if let replica { telemetry.show(replica, pool: "replica") }
        let repository = PostgresOrderRepository(
            postgres: postgres, replica: replica, partitioning: configuration.partitioning)
        let storage = try ObjectStorageConfiguration(config: config)
        let webApp = try configuration.webRoot.map { try WebApp(folder: $0, imageOrigins: storage?.origins) }

        let gateway = try Gateway(
            configuration: configuration,
            dependencies: .init(
                inventory: inventory, repository: repository, tickets: PostgresTicketRepository(postgres: postgres),
                tokenVerifier: verifier,
                tokenIssuer: try await TokenIssuer(configuration: tokens),
                passwordHasher: try PasswordHasher(configuration: try PasswordConfiguration(config: config)),
                rateLimiter: RedisRateLimiter(redis: redis, logger: logger),
                registry: telemetry.registry, logger: logger, documents: RedisDocumentCache(redis: redis),
                images: storage.map { S3ObjectStore(configuration: $0) }, webApp: webApp, tracer: telemetry.tracer,
                warnings: {
                    do { return try await inventory.settingsThatRiskOrders() } catch {
                        return ["The settings of Redis cannot be read: \(error)"]
                    }
                }))
        let server = GatewayServer(
            responder: gateway.responder, configuration: configuration, eventLoopGroup: eventLoopGroup, logger: logger)
        let refresher = provider.map { ProviderKeyRefresher(configuration: $0, verifier: verifier, logger: logger) }
        await refresher?.fetch()
        let stores: [any Service] = [PostgresShutdown(clients: [postgres, replica].compactMap(\.self)), redis]
        var metrics: [any Service] = []
        if let port = configuration.metricsPort {
            metrics.append(gateway.operations.application(host: configuration.metricsHost, port: port, logger: logger))
        }
        return gateway.serviceGroup(
            stores: telemetry.services(eventLoopGroup: eventLoopGroup) + stores + metrics
                + (refresher.map { [$0] } ?? []),
            server: server, stopDelay: configuration.stopDelay, drainTime: configuration.drainTime, logger: logger)
    }

    /// How long to wait before Postgres is asked again while it is away.
    private static let claimPause: Duration = .seconds(1)

    /// - Throws: When the deployment has another number of partitions, or no schema; then a gateway must not start.
    private static func claimPartitions(
        _ partitioning: Partitioning, _ postgres: PostgresClient, logger: Logger
    ) async throws {
        while true {
            do throws(DeploymentError) {
                return try await Deployment(postgres: postgres).claimPartitions(partitioning)
            } catch {
                guard error.code == .unavailable else { throw error }
                logger.warning("gateway.waits_for_postgres", metadata: [LogKey.error: "\(error)"])
            }
            try await Task.sleep(for: claimPause)
        }
    }
}

/// Closes the connections to Postgres after everything that uses them has ended.
private struct PostgresShutdown: Service {
    let clients: [PostgresClient]

    func run() async throws {
        // Ends by graceful shutdown or by cancellation; both mean the same here.
        try? await gracefulShutdown()
        for client in clients { await client.close() }
    }
}
