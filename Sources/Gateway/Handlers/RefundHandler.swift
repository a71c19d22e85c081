import HTTPTypes
import Hummingbird
import InventoryStore
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `POST /api/orders/{id}/refund`, `POST /api/admin/events/{id}/cancel` and `DELETE /api/events/{id}`: what
/// administrators take back.
struct RefundHandler<Inventory: InventoryStore, Repository: OrderRepository & RefundRepository>: Sendable {
    let refunds: RefundService<Inventory, Repository>
    let limits: GatewayLimits

    /// Characters of a reason.
    private static var reasonLength: Int { 500 }

    private struct Wish: Decodable {
        let tickets: [String]?
        let reason: String?
    }

    private struct Cancellation: Decodable {
        let reason: String?
    }

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.post("/api/orders/{id}/refund") { request, context in
            guard let id = context.parameters.get("id").flatMap({ OrderID($0) }) else {
                throw RefundProblems.unknownOrder
            }
            let key = try IdempotencyKey.read(request.headers[.idempotencyKey])
            let wish = try await JSONBody.decodeIfAny(Wish.self, from: request, limit: limits.bodyBytes)
            let order = try await refunds.refund(
                RefundRequest(
                    order: id, tickets: try Self.codes(wish?.tickets), reason: try Self.reason(wish?.reason), key: key,
                    actor: context.identity.userID))
            var body = ByteBuffer()
            order.write(into: &body)
            return JSONResponse.response(body, status: .accepted, headers: [.cacheControl: "no-store"])
        }
        router.post("/api/admin/events/{id}/cancel") { request, context in
            let id = try context.parameters.eventID()
            let body = try await JSONBody.decodeIfAny(Cancellation.self, from: request, limit: limits.bodyBytes)
            return try JSONResponse.make(
                try await refunds.cancel(id, reason: try Self.reason(body?.reason), by: context.identity.userID),
                headers: [.cacheControl: "no-store"])
        }
        router.delete("/api/events/{id}") { _, context in
            let id = try context.parameters.eventID()
            try await refunds.delete(id, by: context.identity.userID)
            return Response(status: .noContent, headers: [.cacheControl: "no-store"])
        }
    }

    private static func codes(_ texts: [String]?) throws(Problem) -> [TicketCode]? {
        guard let texts else { return nil }
        let codes = texts.compactMap { TicketCode($0) }
        guard codes.count == texts.count, Limits.quantity.contains(codes.count) else {
            throw Problem.validation([
                FieldError("tickets", "must have 1 to \(Limits.quantity.upperBound) ticket codes")
            ])
        }
        return codes
    }

    private static func reason(_ text: String?) throws(Problem) -> String? {
        guard let text else { return nil }
        // Postgres takes no NUL, and counts characters as Unicode scalars.
        guard (1...reasonLength).contains(text.unicodeScalars.count), !text.unicodeScalars.contains("\0") else {
            throw Problem.validation([FieldError("reason", "must have 1 to \(reasonLength) characters")])
        }
        return text
    }
}
