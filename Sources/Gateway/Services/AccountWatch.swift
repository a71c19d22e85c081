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
        var isBlind = false
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let failure = await look()
            if let failure, !isBlind { logger.warning("account_watch.blind", metadata: [LogKey.error: "\(failure)"]) }
            if failure == nil, isBlind { logger.notice("account_watch.sees_again") }
            isBlind = failure != nil
            // Ends early when the gateway stops.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: configuration.watchInterval) }
        }
    }

    /// One look. While Postgres is away what was known stays, and the reason is returned.
    @discardableResult
    func look() async -> RepositoryError? {
        do throws(RepositoryError) {
            let changes = try await repository.accountChanges(within: configuration.watchedAge)
            verifier.apply(Dictionary(changes.map { ($0.user, $0.role) }) { $1 })
            return nil
        } catch {
            return error
        }
    }
}
