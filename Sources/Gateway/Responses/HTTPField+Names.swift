import HTTPTypes

extension HTTPField.Name {
    /// The client's name for one purchase, draft-ietf-httpapi-idempotency-key-header.
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    /// On a 202 whose order was accepted by an earlier request.
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
    static let requestID = HTTPField.Name("X-Request-Id")!
    /// What Stripe signs a webhook with.
    static let stripeSignature = HTTPField.Name("Stripe-Signature")!
}
