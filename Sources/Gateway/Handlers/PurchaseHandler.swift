import Hummingbird
import InventoryStore
import NIOCore
import OrderRepository
import Security
import Ticketing

/// `POST /api/tickets/purchase`
struct PurchaseHandler<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    /// A purchase that is well-formed and not refused yet.
    struct Intake: Sendable {
        let request: PurchaseRequest
        let identity: Identity
        let key: IdempotencyKey
    }

    let purchases: PurchaseService<Inventory, Repository>
    let authentication: BearerAuthentication
    let limiter: PurchaseLimiter
    let provided: ProvidedAccounts
    /// See `PaymentProvider.standardMethod`.
    let standardMethod: PaymentMethod?

    /// The part that waits for nobody: who asks, what is asked, and a refusal from the sold-out cache or of a buyer who
    /// asks too often.
    func begin(_ head: RequestHead, body: ByteBuffer) throws(Problem) -> Intake {
        let identity = try authentication.identity(authorization: head.authorization)
        try BodyReader.checkType(head.contentType)
        let request = try PurchaseRequest(json: body, standardMethod: standardMethod)
        let key = try IdempotencyKey.read(head.idempotencyKey) ?? .random()
        try purchases.refuseAtOnce(request, by: identity.userID)
        try limiter.admit(identity.userID, head)
        return Intake(request: request, identity: identity, key: key)
    }

    /// The part that asks the inventory.
    func finish(_ intake: Intake) async throws(Problem) -> HTTPAnswer {
        if intake.identity.provided != nil { try await provided.admit(intake.identity) }
        return try await purchases.purchase(intake.request, by: intake.identity.userID, key: intake.key).answer()
    }
}
