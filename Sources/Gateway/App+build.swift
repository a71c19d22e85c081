import CoreMetrics
import InventoryStore
import Logging
import NIOPosix
import Observability
import OnsaleConfiguration
import OrderRepository
import PostgresClient
import RedisClient
import Security
import ServiceLifecycle

extension App {
    /// Puts the live parts together. Nothing is connected yet: Redis and Postgres may be away when a gateway starts,
    /// then it answers 503 until they come.
    static func build(config: ConfigReader) async throws -> ServiceGroup {
        let logger = Logger(label: "onsale.gateway")
        let configuration = try GatewayConfiguration(config: config)
        let tokens = try TokenConfiguration(config: config)
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let eventLoopGroup = MultiThreadedEventLoopGroup.singleton

        let redis = RedisClient(
            configuration: try RedisConfiguration(url: try config.required("redis.url", isSecret: true)),
            eventLoopGroup: eventLoopGroup, logger: logger)
        let inventory = RedisInventoryStore(
            redis: redis, partitioning: configuration.partitioning,
            configuration: try InventoryConfiguration(config: config), logger: logger)
        let postgres = PostgresClient(
            configuration: try PostgresConfiguration(url: try config.required("database.url", isSecret: true)),
            logger: logger)
        let repository = PostgresOrderRepository(postgres: postgres, partitioning: configuration.partitioning)

        let gateway = Gateway(
            configuration: configuration,
            dependencies: .init(
                inventory: inventory, repository: repository,
                tokenVerifier: try await TokenVerifier(configuration: tokens),
                tokenIssuer: try await TokenIssuer(configuration: tokens),
                passwordHasher: try PasswordHasher(configuration: try PasswordConfiguration(config: config)),
                registry: registry, logger: logger,
                warnings: {
                    do { return try await inventory.settingsThatRiskOrders() } catch {
                        return ["The settings of Redis cannot be read: \(error)"]
                    }
                }))
        let server = GatewayServer(
            responder: gateway.responder, configuration: configuration, eventLoopGroup: eventLoopGroup, logger: logger)
        return gateway.serviceGroup(stores: [redis], server: server, drainTime: configuration.drainTime, logger: logger)
    }
}
