import HTTPTypes
import Hummingbird
import InventoryStore
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `/api/orders`: what became of purchases.
struct OrderHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let orders: OrderStatusService<Inventory, Repository>
    let repository: Repository
    let authentication: BearerAuthentication
    let metrics: GatewayMetrics
    let limits: GatewayLimits

    /// `GET /api/orders/{id}`
    ///
    /// - Throws: `Problem`.
    func respond(to request: Request, id: Substring) async throws(Problem) -> Response {
        do throws(Problem) {
            let head = RequestHead(request.headers)
            let identity = try authentication.identity(authorization: head.authorization)
            let wait = try wait(request)
            guard let id = OrderID(id) else { throw OrderProblems.notFound }
            let order = try await orders.order(id, for: identity, wait: wait, tag: head.ifNoneMatch)
            let response = order.response(ifNoneMatch: head.ifNoneMatch)
            metrics.polled(
                response.status == .notModified ? .notModified : order.status.isFinal ? .final : .pending)
            return response
        } catch {
            metrics.polled(.refused)
            throw error
        }
    }

    /// `GET /api/orders`
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
    }

    private func wait(_ request: Request) throws(Problem) -> Duration {
        guard request.uri.query != nil, let text = request.uri.queryParameters["wait"] else { return .zero }
        let longest = limits.longPollTime.components.seconds
        guard let seconds = Int64(text), (0...longest).contains(seconds) else {
            throw Problem.validation([FieldError("wait", "must be a whole number of seconds from 0 to \(longest)")])
        }
        return .seconds(seconds)
    }
}
