import Hummingbird
import InventoryStore
import OrderRepository
import Security
import Ticketing

/// `/api/orders/{id}/mails`: what was mailed about an order.
struct OrderMailHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let orders: OrderService<Inventory, Repository>
    let repository: Repository
    let limits: GatewayLimits

    func addRoutes(toAuthenticated router: some RouterMethods<AuthenticatedContext>) {
        router.get("/api/orders/{id}/mails") { _, context in
            let id = try Self.id(context)
            // Whose it is; also an order that Postgres does not know yet is one, without mails.
            _ = try await orders.order(id, for: context.identity)
            let mails = try await repository.mails(of: id)
            return try JSONResponse.make(
                ListResponse(items: mails.map(OrderMailResponse.init), nextCursor: nil),
                headers: [.cacheControl: "private, no-cache"])
        }
        router.post("/api/orders/{id}/mails/resend") { _, context in
            let id = try Self.id(context)
            let outcome = try await repository.resendConfirmation(
                of: id, by: context.identity.userID, pause: limits.resendPause)
            switch outcome {
            case .waiting(let mail):
                return try JSONResponse.make(
                    OrderMailResponse(mail), status: .accepted, headers: [.cacheControl: "no-store"])
            case .tooSoon(let pause):
                throw Problem(
                    .rateLimited, "The confirmation was mailed a moment ago. Wait before you ask for it again.",
                    retryAfter: Int((pause / .seconds(1)).rounded(.up)))
            case .notConfirmed:
                throw Problem(.orderNotConfirmed, "Only a confirmed order has a confirmation to be mailed.")
            case .notFound:
                // One that is only queued is the buyer's all the same, and is not confirmed.
                let order = try await orders.order(id, for: context.identity)
                guard order.user == context.identity.userID else { throw OrderProblems.notFound }
                throw Problem(.orderNotConfirmed, "Only a confirmed order has a confirmation to be mailed.")
            }
        }
    }

    private static func id(_ context: AuthenticatedContext) throws(Problem) -> OrderID {
        guard let id = context.parameters.get("id").flatMap({ OrderID($0) }) else { throw OrderProblems.notFound }
        return id
    }
}
