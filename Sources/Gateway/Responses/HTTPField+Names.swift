import HTTPTypes

extension HTTPField.Name {
    /// The client's name for one purchase, draft-ietf-httpapi-idempotency-key-header.
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    /// On a 202 whose order was accepted by an earlier request.
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
    /// `cookie`: the request uses the session's cookie, or asks for one, on purpose.
    static let onsaleSession = HTTPField.Name("X-Onsale-Session")!
    /// Whom each proxy on the way was asked by.
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    /// `https` when a proxy was reached by it; of each proxy, or of the last.
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
    /// Which of a browser's powers a page may ask for.
    static let permissionsPolicy = HTTPField.Name("Permissions-Policy")!
    static let requestID = HTTPField.Name("X-Request-Id")!
    /// What Stripe signs a webhook with.
    static let stripeSignature = HTTPField.Name("Stripe-Signature")!
}
