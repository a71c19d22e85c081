import Hummingbird
import InventoryStore
import OrderRepository
import Security
import Ticketing

/// `POST /api/tickets/purchase`
struct PurchaseHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let purchases: PurchaseService<Inventory, Repository>
    let authentication: BearerAuthentication
    let limits: GatewayLimits

    /// - Throws: `Problem`, or what the connection throws while the body is read.
    func respond(to request: Request) async throws -> Response {
        let head = RequestHead(request.headers)
        let identity = try authentication.identity(authorization: head.authorization)
        let body = try await BodyReader.json(
            request, contentType: head.contentType, contentLength: head.contentLength, limit: limits.bodyBytes)
        let purchase = try PurchaseRequest(json: body)
        let key = try Self.idempotencyKey(head.idempotencyKey)
        return try await purchases.purchase(purchase, by: identity.userID, key: key).response()
    }

    private static func idempotencyKey(_ header: String?) throws(Problem) -> IdempotencyKey {
        guard let header else { return .random() }
        guard let key = IdempotencyKey(header) else {
            throw Problem.validation([
                FieldError(
                    "Idempotency-Key",
                    "must have 1 to \(IdempotencyKey.maximumLength) visible ASCII characters, without spaces")
            ])
        }
        return key
    }
}
