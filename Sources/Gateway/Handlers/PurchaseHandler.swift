import Hummingbird
import InventoryStore
import NIOCore
import OnsaleTracing
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
        let origin: RequestOrigin
    }

    let purchases: PurchaseService<Inventory, Repository>
    let authentication: BearerAuthentication
    let limiter: PurchaseLimiter
    let provided: ProvidedAccounts
    let metrics: GatewayMetrics
    /// See `PaymentProvider.standardMethod`.
    let standardMethod: PaymentMethod?

    /// The part that waits for nobody: who asks, what is asked, and a refusal from the sold-out cache or of a buyer who
    /// asks too often.
    func begin(_ head: RequestHead, body: ByteBuffer, span: RecordedSpan?) throws(Problem) -> Intake {
        do throws(Problem) { return try intake(head, body: body, span: span) } catch {
            refused(error)
            throw error
        }
    }

    /// The part that asks the inventory.
    func finish(_ intake: Intake) async throws(Problem) -> HTTPAnswer {
        do throws(Problem) {
            if intake.identity.provided != nil { try await provided.admit(intake.identity) }
            return try await purchases.purchase(
                intake.request, by: intake.identity.userID, key: intake.key, from: intake.origin
            ).answer()
        } catch {
            refused(error)
            throw error
        }
    }

    /// A purchase was refused, wherever.
    func refused(_ problem: Problem) { metrics.purchaseRefused(problem.code) }

    private func intake(
        _ head: RequestHead, body: ByteBuffer, span: RecordedSpan?
    ) throws(Problem) -> Intake {
        let identity = try authentication.identity(authorization: head.authorization)
        try BodyReader.checkType(head.contentType)
        let request = try PurchaseRequest(json: body, standardMethod: standardMethod)
        let key = try IdempotencyKey.read(head.idempotencyKey) ?? .random()
        try purchases.refuseAtOnce(request, by: identity.userID)
        try limiter.admit(identity.userID, head)
        return Intake(
            request: request, identity: identity, key: key, origin: RequestOrigin(id: head.requestID, span: span))
    }
}
