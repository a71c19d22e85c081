import Ticketing

/// A service that sells and tells what became of an order: how to ask it and what its answers mean. Onsale by default;
/// another one by a description in YAML, so that the same plan measures both.
struct Target: Codable, Equatable, Sendable {
    /// A request with `{name}` where a value of the visit goes: see `RequestTemplate.Variable`.
    struct Route: Codable, Equatable, Sendable {
        struct Header: Codable, Equatable, Sendable {
            var name: String
            var value: String
        }

        var method: String
        var path: String
        var headers: [Header] = []
        var body: String?
    }

    /// What answers to a purchase say.
    struct PurchaseAnswers: Codable, Equatable, Sendable {
        /// Status codes of an acceptance.
        var accepted: [Int]
        var order: MemberPath
        /// Order ids must be ours, of version 8; those of others may be any text.
        var ordersAreOurs = false
        var code: MemberPath
        var receipt: MemberPath?
        /// Codes behind which waiting helps; 429 and 503 with a code count in any case.
        var temporary: [String]
    }

    /// What answers to a question after an order say.
    struct StatusAnswers: Codable, Equatable, Sendable {
        var status: MemberPath
        /// The service's words for our states.
        var states: [String: String]
        /// Tells whether the order still waits in line.
        var stage: MemberPath?
        var queuedStage: String
        var failure: MemberPath?
        var pollAfterMs: MemberPath?
    }

    var name: String
    var purchase: Route
    var purchaseAnswers: PurchaseAnswers
    var status: Route
    var statusAnswers: StatusAnswers
    /// Puts an order back that the service has lost.
    var recover: Route?
    var logIn: Route?
    /// What stands for `{event}`, where nobody makes one.
    var event: String?

    /// Ours, as `openapi.yaml` describes it.
    static let onsale = Target(
        name: "onsale",
        purchase: Route(
            method: "POST", path: "/api/tickets/purchase",
            headers: [json, bearer, Route.Header(name: "Idempotency-Key", value: "{key}")],
            body: #"{"eventId":"{event}","quantity":{quantity},"paymentMethod":"{paymentMethod}"}"#),
        purchaseAnswers: PurchaseAnswers(
            accepted: Array(200..<300), order: "orderId", ordersAreOurs: true, code: "code", receipt: "receipt",
            temporary: ["rate_limited", "overloaded", "warming_up", "sale_not_open", "sale_paused"]),
        status: Route(method: "GET", path: "/api/orders/{order}?wait={wait}", headers: [bearer]),
        statusAnswers: StatusAnswers(
            status: "status",
            states: Dictionary(uniqueKeysWithValues: OrderStatus.allCases.map { ($0.rawValue, $0.rawValue) }),
            stage: "stage", queuedStage: "queued", failure: "failure.code", pollAfterMs: "pollAfterMs"),
        recover: Route(
            method: "POST", path: "/api/orders/recover", headers: [json, bearer], body: #"{"receipt":"{receipt}"}"#),
        logIn: Route(
            method: "POST", path: "/api/auth/login", headers: [json],
            body: #"{"email":"{email}","password":"{password}"}"#))

    private static let json = Route.Header(name: "Content-Type", value: "application/json")
    private static let bearer = Route.Header(name: "Authorization", value: "Bearer {token}")
}
