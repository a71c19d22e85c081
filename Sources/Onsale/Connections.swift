import Foundation
import InventoryStore
import Logging
import Observability
import OnsaleConfiguration
import OrderRepository
import PostgresClient
import RedisClient
import Security
import Ticketing

/// What the commands reach: the deployment's Postgres and Redis, by DATABASE_URL and REDIS_URL.
struct Connections: Sendable {
    let config: ConfigReader
    let logger: Logger
    let postgres: PostgresClient
    let partitioning: Partitioning

    /// Opens Postgres for as long as `body` runs.
    static func with<Result: Sendable>(_ body: (Connections) async throws -> Result) async throws -> Result {
        let config = try await ConfigReader.onsale()
        LoggingBootstrap.bootstrap(try LoggingConfiguration(config: config))
        let logger = Logger(label: "onsale")
        let postgres = PostgresClient(
            configuration: try PostgresConfiguration(url: config.required("database.url", isSecret: true)),
            logger: logger)
        let connections = Connections(
            config: config, logger: logger, postgres: postgres, partitioning: try Partitioning(config: config))
        do {
            let result = try await body(connections)
            await postgres.close()
            return result
        } catch {
            await postgres.close()
            throw error
        }
    }

    /// As `with`, for commands that know of partitions: they are refused a database that was set up with another
    /// number of them, or that has no schema yet.
    static func withDeployment<Result: Sendable>(
        _ body: (Connections) async throws -> Result
    ) async throws -> Result {
        try await with { connections in
            try await Deployment(postgres: connections.postgres).claimPartitions(connections.partitioning)
            return try await body(connections)
        }
    }

    var repository: PostgresOrderRepository {
        PostgresOrderRepository(postgres: postgres, partitioning: partitioning)
    }

    func passwordHash(_ password: String) async throws -> String {
        try await PasswordHasher(configuration: PasswordConfiguration(config: config)).hash(password)
    }

    /// Opens Redis for as long as `body` runs.
    func withInventory<Result: Sendable>(
        _ body: @escaping @Sendable (RedisInventoryStore) async throws -> Result
    ) async throws -> Result {
        let redis = RedisClient(configuration: try RedisConfiguration(config: config), logger: logger)
        let inventory = RedisInventoryStore(
            redis: redis, partitioning: partitioning, configuration: try InventoryConfiguration(config: config),
            logger: logger)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await redis.run()
                return nil
            }
            group.addTask { try await body(inventory) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CommandFailure("Redis was closed")
        }
    }
}
