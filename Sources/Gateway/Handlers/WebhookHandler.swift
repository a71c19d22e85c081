import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Observability
import OnsaleConfiguration
import OrderRepository
import Security
import Ticketing

/// `POST /api/webhooks/stripe`: what Stripe tells by itself.
///
/// An event moves no order. It may come late, twice, before another that was earlier, or never, so it is only taken for
/// a hint to ask Stripe now: what failed to reach Stripe on behalf of the order is tried at once, a captured charge of
/// an order that was cancelled meanwhile is ended, and a refund that has failed, maybe long after it was made, is
/// looked into. All else is written down.
struct WebhookHandler<Repository: RefundRepository>: Sendable {
    let repository: Repository
    /// nil: every webhook is refused.
    let secret: Secret?
    let limits: GatewayLimits
    let logger: Logger
    /// Seconds since 1970; tests put a clock of their own here.
    var wallClock: @Sendable () -> Double = WallClock.seconds

    /// Events that are of use; of others Stripe is only told that they came.
    private static var kinds: Set<String> {
        [
            "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled", "charge.refunded",
            "charge.refund.updated", "refund.updated", "refund.failed", "charge.dispute.created",
        ]
    }

    /// https://docs.stripe.com/api/events/object
    private struct Event: Decodable {
        struct Content: Decodable { let object: Object }

        /// Of every object of Stripe's what says which order it is about.
        struct Object: Decodable {
            let id: String?
            let status: String?
            let metadata: [String: String]?

            /// The charge that a dispute is about, which has no metadata of ours.
            let payment: String?

            private enum CodingKeys: String, CodingKey {
                case id, status, metadata
                case payment = "payment_intent"
            }
        }

        let id: String
        let type: String
        let data: Content

        var isFailedRefund: Bool {
            switch type {
            case "refund.failed": true
            case "refund.updated", "charge.refund.updated": ["failed", "canceled"].contains(data.object.status)
            default: false
            }
        }
    }

    private struct Receipt: Encodable {
        let received = true
    }

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        router.post("/api/webhooks/stripe") { request, _ in
            guard let secret else {
                throw Problem(.invalidSignature, "This deployment has no secret that a webhook could be signed with.")
            }
            let body = try await BodyReader.json(
                request, contentType: request.headers[.contentType],
                contentLength: request.headers[.contentLength], limit: limits.webhookBodyBytes)
            guard let signature = request.headers[.stripeSignature].flatMap({ StripeSignature($0) }),
                signature.isValid(
                    for: body.readableBytesView, secret: secret, now: wallClock(), age: limits.webhookAge)
            else {
                throw Problem(.invalidSignature, "The webhook is not signed with this deployment's secret, or is old.")
            }
            try await take(try JSONBody.decode(Event.self, from: body))
            return try JSONResponse.make(Receipt(), headers: [.cacheControl: "no-store"])
        }
    }

    private func take(_ event: Event) async throws {
        guard Self.kinds.contains(event.type) else { return }
        let order = event.data.object.metadata?["order_id"].flatMap { OrderID($0) }
        let object = event.data.object
        let noted = try await repository.record(
            ProviderEvent(
                id: event.id, kind: event.type, order: order, object: object.id, charge: object.payment,
                isCapture: event.type == "payment_intent.succeeded", isFailedRefund: event.isFailedRefund))
        guard let noted else { return }
        logger.log(
            level: event.type == "charge.dispute.created" || event.isFailedRefund ? .warning : .debug,
            "webhook.taken",
            metadata: [
                LogKey.orderID: "\(noted.order?.description ?? "none")", LogKey.reason: "\(event.type)",
                "event.id": "\(event.id)", "object.id": "\(object.id ?? "none")",
            ])
    }
}
