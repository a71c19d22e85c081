import HTTPTypes
import Hummingbird
import InventoryStore
import OrderRepository
import Security
import Ticketing

/// `/api/events`: what is on sale.
struct EventHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let catalog: EventCatalog<Repository>
    let events: EventService<Inventory, Repository>
    let limits: GatewayLimits

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        router.get("/api/events") { request, _ in
            let page = try PageQuery(request, limits: limits)
            let document = try await catalog.page(.init(cursor: page.cursor, limit: page.limit))
            return document.response(
                ifNoneMatch: request.headers[.ifNoneMatch], maximumAge: limits.eventMaximumAge)
        }
        router.get("/api/events/{id}") { request, context in
            guard let document = try await catalog.event(try Self.id(context.parameters)) else {
                throw EventProblems.notFound
            }
            return document.response(
                ifNoneMatch: request.headers[.ifNoneMatch], maximumAge: limits.eventMaximumAge)
        }
    }

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.post("/api/events") { request, context in
            let draft = try await JSONBody.decode(EventDraft.self, from: request, limit: limits.eventBodyBytes)
            let event = try await events.create(draft, by: context.identity.userID)
            return try JSONResponse.make(
                event, status: .created, headers: [.location: "/api/events/\(event.id)", .cacheControl: "no-store"])
        }
        router.patch("/api/events/{id}") { request, context in
            let id = try Self.id(context.parameters)
            let draft = try await JSONBody.decode(EventDraft.self, from: request, limit: limits.eventBodyBytes)
            return try JSONResponse.make(
                try await events.change(id, draft, by: context.identity.userID), headers: [.cacheControl: "no-store"])
        }
    }

    /// A text that is no UUID names no event.
    static func id(_ parameters: Parameters) throws(Problem) -> EventID {
        guard let id = parameters["id"].flatMap({ EventID($0) }) else { throw EventProblems.notFound }
        return id
    }
}
