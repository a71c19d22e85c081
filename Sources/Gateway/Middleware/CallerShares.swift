import Hummingbird
import Security
import Ticketing

/// Bounds what each kind of caller asks of Postgres at once, so that strangers with made-up tokens keep no user
/// waiting, and no user an administrator who opens a sale or checks tickets. What purchases, polls and the catalog look
/// up there has a bound of its own (`GatewayLimits.databaseLookups`).
struct CallerShares: RouterMiddleware {
    private let strangers: ConcurrencyGate
    private let users: ConcurrencyGate
    private let administrators: ConcurrencyGate
    private let limits: GatewayLimits

    init(limits: GatewayLimits) {
        strangers = ConcurrencyGate(limit: limits.strangersRequests)
        users = ConcurrencyGate(limit: limits.usersRequests)
        administrators = ConcurrencyGate(limit: limits.administratorsRequests)
        self.limits = limits
    }

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        let share =
            switch context.identity?.role {
            case nil: strangers
            case .user: users
            case .admin: administrators
            }
        guard let response = try await share.run({ try await next(request, context) }) else {
            throw Problem.overloaded(limits)
        }
        return response
    }
}
