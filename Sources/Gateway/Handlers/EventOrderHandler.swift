import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `/api/admin/events/{id}/orders`: who has bought tickets of an event.
struct EventOrderHandler<Repository: OrderRepository & AdministrationRepository>: Sendable {
    let repository: Repository
    let export: OrderExport<Repository>
    let limits: GatewayLimits

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.get("/api/admin/events/{id}/orders") { request, context in
            let id = try context.parameters.eventID()
            let page = try PageQuery(request, limits: limits)
            let filter = try Self.filter(request)
            try await requireEvent(id)
            let orders = try await repository.orders(of: id, matching: filter, after: page.cursor, limit: page.limit)
            var body = ByteBuffer()
            body.writeList(orders.items, next: orders.next?.text) { body, item in body.writeJSON(item) }
            return JSONResponse.response(body, headers: [.cacheControl: "no-store"])
        }
        router.get("/api/admin/events/{id}/orders.csv") { request, context in
            let id = try context.parameters.eventID()
            let filter = try Self.filter(request)
            try await requireEvent(id)
            try await repository.noteExport(.ordersExported, of: id.description, by: context.identity.userID)
            return try await export.response(of: id, matching: filter)
        }
    }

    private func requireEvent(_ id: EventID) async throws {
        guard try await repository.event(id) != nil else { throw EventProblems.notFound }
    }

    private static func filter(_ request: Request) throws(Problem) -> EventOrderFilter {
        let query = request.uri.queryParameters
        var errors: [FieldError] = []
        let email = SearchText(query["q"], as: "q", errors: &errors).words
        var status: OrderStatus?
        if let text = query["status"], !text.isEmpty {
            status = OrderStatus(rawValue: String(text))
            if status == nil {
                let known = OrderStatus.allCases.map(\.rawValue).joined(separator: ", ")
                errors.append(FieldError("status", "must be one of \(known)"))
            }
        }
        guard errors.isEmpty else { throw Problem.validation(errors) }
        return EventOrderFilter(status: status, email: email)
    }
}

extension ByteBuffer {
    /// An order as its owner sees it, with who that is.
    mutating func writeJSON(_ item: EventOrder) {
        OrderView(item.order).write(into: &self)
        // In place of the brace that ends the order.
        moveWriterIndex(to: writerIndex - 1)
        writeStaticString(",\"buyer\":{\"id\":\"")
        writeText(of: item.order.user.uuid)
        writeStaticString("\",\"email\":")
        writeJSON(item.email)
        if let name = item.name {
            writeStaticString(",\"name\":")
            writeJSON(name)
        }
        writeStaticString("}}")
    }

    /// One page of a list.
    mutating func writeList<Item>(_ items: [Item], next: String?, _ write: (inout ByteBuffer, Item) -> Void) {
        writeStaticString("{\"items\":[")
        for (index, item) in items.enumerated() {
            if index > 0 { writeStaticString(",") }
            write(&self, item)
        }
        writeStaticString("]")
        if let next {
            writeStaticString(",\"nextCursor\":")
            writeJSON(next)
        }
        writeStaticString("}")
    }
}
