import HTTPTypes
import Hummingbird
import Security

/// Says who sends a request, by its `Authorization: Bearer` header (RFC 6750 §2.1).
struct BearerAuthentication: Sendable {
    let verifier: TokenVerifier

    static let missing = Problem(.unauthenticated, "Send an access token as \"Authorization: Bearer …\".")
    /// One text for every reason, so that a forger learns nothing.
    private static let refused = Problem(.unauthenticated, "The access token is not valid or has expired.")

    func identity(authorization: String?) throws(Problem) -> Identity {
        guard let authorization else { throw Self.missing }
        let prefix = authorization.utf8.prefix(7)
        guard prefix.count == 7,
            zip(prefix, "bearer ".utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 })
        else { throw Self.missing }
        do {
            return try verifier.identity(for: authorization[prefix.endIndex...])
        } catch {
            throw Self.refused
        }
    }
}

/// Puts the identity into the context; a request without a good token ends here with 401.
struct BearerMiddleware: RouterMiddleware {
    let authentication: BearerAuthentication
    let provided: ProvidedAccounts

    func handle(
        _ request: Request, context: AppRequestContext,
        next: (Request, AppRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let identity = try authentication.identity(authorization: request.headers[.authorization])
        try await provided.admit(identity)
        context.identity = identity
        return try await next(request, context)
    }
}
