import Hummingbird
import OrderRepository
import Security

/// `/api/auth`: accounts and tokens.
struct AuthHandler<Repository: OrderRepository>: Sendable {
    let accounts: AccountService<Repository>
    let limits: GatewayLimits

    private struct Registration: Decodable {
        let email: String?
        let password: String?
        let name: String?
    }

    private struct Credentials: Decodable {
        let email: String?
        let password: String?
    }

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        router.post("/api/auth/register") { request, _ in
            let body = try await JSONBody.decode(Registration.self, from: request, limit: limits.bodyBytes)
            let session = try await accounts.register(email: body.email, password: body.password, name: body.name)
            return try JSONResponse.make(session, status: .created, headers: [.cacheControl: "no-store"])
        }
        router.post("/api/auth/login") { request, _ in
            let body = try await JSONBody.decode(Credentials.self, from: request, limit: limits.bodyBytes)
            let session = try await accounts.login(email: body.email, password: body.password)
            return try JSONResponse.make(session, headers: [.cacheControl: "no-store"])
        }
    }

    func addRoutes(toAuthenticated router: some RouterMethods<AuthenticatedContext>) {
        router.get("/api/auth/me") { _, context in
            try JSONResponse.make(
                try await accounts.user(context.identity.userID), headers: [.cacheControl: "private, no-cache"])
        }
    }
}
