import Logging
import OnsaleConfiguration
import PostgresClient
import Security

extension BuyerAccounts {
    /// The service's own database and token key, from the environment or `.env`.
    static func fromEnvironment() async throws -> BuyerAccounts {
        let config = try await ConfigReader.onsale()
        let url = try config.required("database.url", isSecret: true)
        let database = try PostgresClient(
            configuration: PostgresConfiguration(url: url), logger: Logger(label: "loadtest.postgres"))
        return BuyerAccounts(
            database: database, issuer: try await TokenIssuer(configuration: TokenConfiguration(config: config)))
    }
}
