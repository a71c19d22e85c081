import Logging
import Observability
import OrderRepository
import Security
import ServiceLifecycle
import Ticketing

/// Makes access tokens of deleted accounts, and of administrators who are none any more, stop working on all gateways
/// within about a second, although a token is not looked up anywhere when it is used.
struct AccountWatch<Repository: AccountRepository>: Service {
    let repository: Repository
    let verifier: TokenVerifier
    let configuration: SessionConfiguration
    let logger: Logger

    func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            await look()
            // Ends early when the gateway stops.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: configuration.watchInterval) }
        }
    }

    /// One look. While Postgres is away what was known stays.
    func look() async {
        do throws(RepositoryError) {
            let changes = try await repository.accountChanges(within: configuration.watchedAge)
            verifier.apply(Dictionary(changes.map { ($0.user, $0.role) }) { $1 })
        } catch {
            logger.debug("account_watch.failed", metadata: [LogKey.error: "\(error)"])
        }
    }
}
