import HTTPTypes
import Hummingbird
import InventoryStore
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `/api/orders`: what became of purchases.
struct OrderHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let orders: OrderService<Inventory, Repository>
    let repository: Repository
    let authentication: BearerAuthentication
    let receipts: ReceiptSigner
    let metrics: GatewayMetrics
    let limits: GatewayLimits

    /// `GET /api/orders/{id}`
    func respond(_ head: RequestHead, _ path: OrderPath) async throws(Problem) -> HTTPAnswer {
        do throws(Problem) {
            let identity = try authentication.identity(authorization: head.authorization)
            let wait = try path.wait(limits)
            guard let id = OrderID(path.id) else { throw OrderProblems.notFound }
            let order = try await orders.order(id, for: identity, wait: wait, tag: head.ifNoneMatch)
            let answer = order.answer(ifNoneMatch: head.ifNoneMatch)
            metrics.polled(answer.status == .notModified ? .notModified : order.status.isFinal ? .final : .pending)
            return answer
        } catch {
            metrics.polled(.refused)
            throw error
        }
    }

    private struct Recovery: Decodable {
        let receipt: String?
    }

    /// `GET /api/orders`, `POST /api/orders/recover` and `POST /api/orders/{id}/cancel`
    func addRoutes(toAuthenticated router: some RouterMethods<AuthenticatedContext>) {
        router.get("/api/orders") { request, context in
            let page = try PageQuery(request, limits: limits)
            let orders = try await repository.orders(
                of: context.identity.userID, after: page.cursor, limit: page.limit)
            var body = ByteBuffer()
            body.writeStaticString("{\"items\":[")
            for (index, order) in orders.items.enumerated() {
                if index > 0 { body.writeStaticString(",") }
                OrderView(order).write(into: &body)
            }
            body.writeStaticString("]")
            if let next = orders.next {
                body.writeStaticString(",\"nextCursor\":")
                body.writeJSON(next.text)
            }
            body.writeStaticString("}")
            return JSONResponse.response(body, headers: [.cacheControl: "private, no-cache"])
        }
        router.post("/api/orders/recover") { request, context in
            let recovery = try await JSONBody.decode(Recovery.self, from: request, limit: limits.bodyBytes)
            guard let receipt = recovery.receipt.flatMap({ receipts.verify($0) }) else {
                throw Problem.validation([FieldError("receipt", "must be the receipt of an accepted purchase")])
            }
            var body = ByteBuffer()
            try await orders.recover(receipt, by: context.identity.userID).write(into: &body)
            return JSONResponse.response(body, headers: [.cacheControl: "no-store"])
        }
        router.post("/api/orders/{id}/cancel") { _, context in
            guard let id = context.parameters.get("id").flatMap({ OrderID($0) }) else { throw OrderProblems.notFound }
            var body = ByteBuffer()
            try await orders.cancel(id, by: context.identity.userID).write(into: &body)
            return JSONResponse.response(body, headers: [.cacheControl: "no-store"])
        }
    }
}
