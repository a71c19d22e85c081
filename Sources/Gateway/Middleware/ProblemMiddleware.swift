import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Observability
import OrderRepository
import Security

/// Turns every error into problem+json, also the router's own 404 and errors that nobody expected.
struct ProblemMiddleware: RouterMiddleware {
    let routes: RouteTable
    let metrics: RequestMetrics

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPParserError {
            // The connection is beyond repair; the server closes it.
            throw error
        } catch {
            let problem = problem(for: error, request: request, logger: context.logger)
            metrics.problem(problem.code)
            context.refusal.note(problem.code)
            return problem.response(requestID: context.id)
        }
    }

    private func problem(for error: any Error, request: Request, logger: Logger) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as HTTPError where error.status == .notFound: return routes.problem(for: request)
        case let error as any HTTPResponseError:
            return Problem(error.status.code == 413 ? .bodyTooLarge : .badRequest, "The request cannot be read.")
        default: return Problem(unexpected: error, logger: logger)
        }
    }
}

extension Problem {
    static let tooManyLogIns = Problem(
        .overloaded, "Too many people are signing in at the moment. Try again.", retryAfter: 2)

    /// The problem that a store's error is for a client. What only an operator can mend is logged.
    init(unexpected error: any Error, logger: Logger) {
        switch error {
        case let error as RepositoryError where error.code == .unavailable:
            self.init(.overloaded, "The database does not answer at the moment. Try again.", retryAfter: 1)
        case let error as PasswordError where error.code == .busy:
            self = .tooManyLogIns
        default:
            logger.error("request.failed", metadata: [LogKey.error: "\(error)"])
            self.init(.internalError, "Something went wrong on our side. The request id names it in our logs.")
        }
    }
}
