import Hummingbird
import InventoryStore
import OrderRepository
import Security
import Ticketing

/// `/api/admin`: running a sale.
struct AdminHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let events: EventService<Inventory, Repository>
    let limits: GatewayLimits

    private struct Sale: Decodable {
        let state: String?
    }

    /// The states that an administrator sets by hand; `scheduled` is what an event begins with.
    private static var states: [SaleState] { [.open, .paused, .closed] }

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.post("/api/admin/events/{id}/sale") { request, context in
            let id = try context.parameters.eventID()
            let body = try await JSONBody.decode(Sale.self, from: request, limit: limits.bodyBytes)
            guard let state = body.state.flatMap({ SaleState(rawValue: $0) }), Self.states.contains(state) else {
                throw Problem.validation([FieldError("state", "must be one of open, paused, closed")])
            }
            return try JSONResponse.make(
                try await events.setSale(state, of: id, by: context.identity.userID),
                headers: [.cacheControl: "no-store"])
        }
        router.get("/api/admin/events/{id}/ledger") { _, context in
            let id = try context.parameters.eventID()
            return try JSONResponse.make(try await events.ledger(of: id), headers: [.cacheControl: "no-store"])
        }
    }
}
