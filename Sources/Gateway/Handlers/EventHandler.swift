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
            let query = try EventQuery(request, limits: limits)
            let document = try await catalog.page(
                .init(filter: query.filter, cursor: query.page.cursor, limit: query.page.limit))
            return document.response(
                ifNoneMatch: request.headers[.ifNoneMatch], maximumAge: limits.eventMaximumAge)
        }
        router.get("/api/events/{id}") { request, context in
            guard let document = try await catalog.event(try context.parameters.eventID()) else {
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
            let id = try context.parameters.eventID()
            let draft = try await JSONBody.decode(EventDraft.self, from: request, limit: limits.eventBodyBytes)
            return try JSONResponse.make(
                try await events.change(id, draft, by: context.identity.userID), headers: [.cacheControl: "no-store"])
        }
    }
}

extension Parameters {
    /// The event that a path is about; a text that is no UUID names none.
    func eventID() throws(Problem) -> EventID {
        guard let id = self["id"].flatMap({ EventID($0) }) else { throw EventProblems.notFound }
        return id
    }
}
