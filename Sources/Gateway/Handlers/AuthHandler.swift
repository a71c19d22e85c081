import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `/api/auth`: signing in and out, and passwords.
struct AuthHandler<Repository: OrderRepository & AccountRepository>: Sendable {
    let accounts: AccountService<Repository>
    let sessions: SessionService<Repository>
    let passwords: PasswordService<Repository>
    let limiter: SignInLimiter
    let limits: GatewayLimits

    private struct Registration: Decodable {
        let email: String?
        let password: String?
        let name: String?
        let session: String?
    }

    private struct Credentials: Decodable {
        let email: String?
        let password: String?
        let session: String?
    }

    private struct Refresh: Decodable {
        let refreshToken: String?
    }

    private struct Logout: Decodable {
        let refreshToken: String?
        let everywhere: Bool?
    }

    private struct PasswordChange: Decodable {
        let currentPassword: String?
        let newPassword: String?
        let session: String?
    }

    private struct ResetRequest: Decodable {
        let email: String?
    }

    private struct Reset: Decodable {
        let token: String?
        let newPassword: String?
    }

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        router.post("/api/auth/register") { request, context in
            let body = try await JSONBody.decode(Registration.self, from: request, limit: limits.bodyBytes)
            let transport = try SessionTransport(field: body.session, of: request)
            try await limiter.register(from: address(request, context))
            let user = try await accounts.register(email: body.email, password: body.password, name: body.name)
            let session = try await sessions.open(for: user, client: request.headers[.userAgent])
            return try answer(session, transport, to: request, from: context.peer, status: .created)
        }
        router.post("/api/auth/login") { request, context in
            let body = try await JSONBody.decode(Credentials.self, from: request, limit: limits.bodyBytes)
            let transport = try SessionTransport(field: body.session, of: request)
            let user = try await limiter.logIn(email: body.email ?? "", from: address(request, context)) {
                try await accounts.login(email: body.email, password: body.password)
            }
            let session = try await sessions.open(for: user, client: request.headers[.userAgent])
            return try answer(session, transport, to: request, from: context.peer)
        }
        router.post("/api/auth/refresh") { request, context in
            let body = try await JSONBody.decodeIfAny(Refresh.self, from: request, limit: limits.bodyBytes)
            if let token = body?.refreshToken {
                try await limiter.session(from: address(request, context))
                return try answer(try await sessions.refresh(token), .token, to: request, from: context.peer)
            }
            guard let token = try SessionTransport.cookie(of: request) else { throw Self.missingToken }
            try await limiter.session(from: address(request, context))
            return try answer(try await sessions.refresh(token), .cookie, to: request, from: context.peer)
        }
        router.post("/api/auth/logout") { request, context in
            let body = try await JSONBody.decodeIfAny(Logout.self, from: request, limit: limits.bodyBytes)
            let everywhere = body?.everywhere ?? false
            if let token = body?.refreshToken {
                try await limiter.session(from: address(request, context))
                try await sessions.end(token, everywhere: everywhere)
                return Response(status: .noContent)
            }
            if let token = try SessionTransport.cookie(of: request) {
                try await limiter.session(from: address(request, context))
                try await sessions.end(token, everywhere: everywhere)
            } else if !SessionTransport.isChosen(by: request) {
                throw Self.missingToken
            }
            let cleared = SessionTransport.clearCookie(isSecure: isSecure(request, from: context.peer))
            return Response(status: .noContent, headers: [.setCookie: cleared])
        }
        router.post("/api/auth/password-reset") { request, context in
            let body = try await JSONBody.decode(ResetRequest.self, from: request, limit: limits.bodyBytes)
            try await passwords.requestReset(email: body.email, from: address(request, context))
            return Response(status: .accepted)
        }
        router.post("/api/auth/password-reset/confirm") { request, context in
            let body = try await JSONBody.decode(Reset.self, from: request, limit: limits.bodyBytes)
            try await passwords.reset(
                token: body.token, to: body.newPassword, from: address(request, context))
            return Response(status: .noContent)
        }
    }

    func addRoutes(toAuthenticated router: some RouterMethods<AuthenticatedContext>) {
        router.get("/api/auth/me") { _, context in
            try JSONResponse.make(
                try await accounts.user(context.identity), headers: [.cacheControl: "private, no-cache"])
        }
        router.get("/api/auth/sessions") { request, context in
            try JSONResponse.make(
                try await sessions.sessions(
                    of: context.identity.userID,
                    current: SessionTransport.isChosen(by: request) ? try SessionTransport.cookie(of: request) : nil),
                headers: [.cacheControl: "no-store"])
        }
        router.delete("/api/auth/sessions/{id}") { _, context in
            try await sessions.end(try Self.sessionID(context.parameters), of: context.identity.userID)
            return Response(status: .noContent)
        }
        router.post("/api/auth/password") { request, context in
            let body = try await JSONBody.decode(PasswordChange.self, from: request, limit: limits.bodyBytes)
            let transport = try SessionTransport(field: body.session, of: request)
            let user = try await passwords.change(
                from: body.currentPassword, to: body.newPassword, of: context.identity.userID)
            let session = try await sessions.open(for: user, client: request.headers[.userAgent])
            return try answer(session, transport, to: request, from: context.peer)
        }
    }

    private static func sessionID(_ parameters: Parameters) throws(Problem) -> UUID {
        guard let id = parameters.get("id").flatMap({ UUID(uuidString: $0) }) else {
            throw Problem(.sessionNotFound, "You have no such session.")
        }
        return id
    }

    private static var missingToken: Problem { .validation([FieldError("refreshToken", "is missing")]) }

    private func answer(
        _ session: Session, _ transport: SessionTransport, to request: Request, from peer: SocketAddress?,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if transport == .cookie {
            headers[.setCookie] = SessionTransport.setCookie(session, isSecure: isSecure(request, from: peer))
        }
        return try JSONResponse.make(
            SessionResponse(session, inCookie: transport == .cookie), status: status, headers: headers)
    }

    private func address(_ request: Request, _ context: AppRequestContext) -> ClientAddress? {
        limiter.limits.trustedProxies.address(
            peer: context.peer, forwardedFor: Self.list(request.headers[values: .forwardedFor]))
    }

    /// Whether the browser came by https: the deployment is reached so alone, or a proxy of ours says it.
    private func isSecure(_ request: Request, from peer: SocketAddress?) -> Bool {
        sessions.configuration.isCookieSecure
            || limiter.limits.trustedProxies.isHTTPS(
                peer: peer, forwardedFor: Self.list(request.headers[values: .forwardedFor]),
                forwardedProto: Self.list(request.headers[values: .forwardedProto]))
    }

    /// Lines of a header that are one list (RFC 9110 §5.3); nil without any.
    private static func list(_ values: [String]) -> String? { values.isEmpty ? nil : values.joined(separator: ",") }
}
