import HTTPTypes
import Hummingbird
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `/api/users`: accounts, for administrators and for their owners.
struct UserHandler<Repository: OrderRepository & AccountRepository & AdministrationRepository>: Sendable {
    let users: UserService<Repository>
    let limiter: SignInLimiter
    let limits: GatewayLimits

    func addRoutes(toAuthenticated router: some RouterMethods<AuthenticatedContext>) {
        router.get("/api/users/{id}") { _, context in
            try JSONResponse.make(
                try await users.user(try Self.id(context)), headers: [.cacheControl: "private, no-cache"])
        }
        router.patch("/api/users/{id}") { request, context in
            let id = try Self.id(context)
            let patch = try await JSONBody.decode(UserPatch.self, from: request, limit: limits.bodyBytes)
            return try JSONResponse.make(
                try await users.change(id, patch, by: context.identity), headers: [.cacheControl: "no-store"])
        }
        router.delete("/api/users/{id}") { _, context in
            try await users.delete(try Self.id(context), by: context.identity)
            return Response(status: .noContent)
        }
        router.get("/api/users/{id}/export") { _, context in
            let id = try Self.id(context)
            try await limiter.export(of: id)
            let data = try await users.personalData(of: id, for: context.identity)
            return JSONResponse.response(
                ByteBuffer(string: data),
                headers: [
                    .cacheControl: "no-store", .contentDisposition: "attachment; filename=\"onsale-\(id).json\"",
                ])
        }
    }

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.get("/api/users") { request, _ in
            let page = try PageQuery(request, limits: limits)
            let text = request.uri.queryParameters["q"].map { String($0) }
            if let text, !Self.isSearchable(text) {
                throw Problem.validation([
                    FieldError("q", "must have at most 200 characters, none of them a control character")
                ])
            }
            return try JSONResponse.make(
                try await users.users(containing: text.flatMap { $0.isEmpty ? nil : $0 }, page),
                headers: [.cacheControl: "private, no-cache"])
        }
    }

    private static func isSearchable(_ text: String) -> Bool {
        text.unicodeScalars.count <= Limits.name.upperBound
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    /// An account that is neither the own one nor an administrator's to see is not there.
    private static func id(_ context: AuthenticatedContext) throws(Problem) -> UserID {
        guard let id = context.parameters.get("id").flatMap({ UserID($0) }),
            id == context.identity.userID || context.identity.role == .admin
        else { throw UserProblems.notFound }
        return id
    }
}
