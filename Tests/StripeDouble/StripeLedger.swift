import Foundation

/// The books of a payment provider that speaks as Stripe's API reference says (https://docs.stripe.com/api), as far as
/// a shop without interactive payments needs it: PaymentIntents, refunds, idempotency keys, lists, search, events.
///
/// The payment method decides: one whose name ends in `visa` or `accepted` is captured, `requires_action` asks for the
/// buyer, `unknown` is not there, `processing` stays so until `settle`, all else is declined. State only.
package struct StripeLedger: Sendable {
    package struct Request: Sendable {
        package var method: String
        /// Without the query.
        package var path: String
        /// Of the query and the body.
        package var parameters: [String: String]
        package var idempotencyKey: String?
    }

    package struct Reply: Sendable {
        package var status: Int
        package var body: String
        package var isReplayed = false
    }

    package struct Intent: Sendable {
        package let id: String
        package let amount: Int64
        package let currency: String
        package let metadata: [String: String]
        package var status = "requires_payment_method"
        /// How often money was taken: never more than once.
        package var captures = 0
        package var refunded: Int64 = 0
        package let created: Int64

        package var order: String? { metadata["order_id"] }
    }

    package struct Refund: Sendable {
        package let id: String
        package let intent: String
        package let amount: Int64
        package let metadata: [String: String]
        package var status: String
    }

    /// What webhooks carry.
    package struct Event: Sendable {
        package let id: String
        package let kind: String
        /// What it is about, in JSON and as it was at that moment.
        package let object: String

        /// As `POST`ed to a webhook.
        package var body: String {
            """
            {"id":"\(id)","object":"event","type":"\(kind)","created":1700000000,"livemode":false,\
            "data":{"object":\(object)}}
            """
        }
    }

    private struct KeptReply: Sendable {
        let fingerprint: String
        let reply: Reply
    }

    /// By the order of their creation.
    package private(set) var intents: [Intent] = []
    package private(set) var refunds: [Refund] = []
    package private(set) var events: [Event] = []
    private var places: [String: Int] = [:]
    private var kept: [String: KeptReply] = [:]
    private var lastNumber = 0
    /// Whether a key is of any use.
    package var knowsKeys = true
    /// Refunds are `pending` at first.
    package var refundsArePending = false

    package init() {}

    /// Intents that were captured, by order.
    package var captured: [String: [Intent]] {
        Dictionary(grouping: intents.filter { $0.captures > 0 }, by: { $0.order ?? "" })
    }

    // MARK: - Behind the API's back

    /// Forgets all keys, as Stripe does after a day.
    package mutating func forgetKeys() { kept = [:] }

    /// A payment that was being processed comes to its end.
    package mutating func settle(_ order: String, isCaptured: Bool) {
        for index in intents.indices where intents[index].order == order && intents[index].status == "processing" {
            finish(index, isCaptured: isCaptured)
        }
    }

    /// Refunds that were pending come to their end.
    package mutating func settleRefunds(_ status: String) {
        for index in refunds.indices where refunds[index].status == "pending" { refunds[index].status = status }
    }

    /// Refunds that were made fail, as when the bank sends the money back: it is the shop's again. Returns how many
    /// there were.
    @discardableResult
    package mutating func bounceRefunds(of order: String? = nil, limit: Int = .max) -> Int {
        let made = refunds.indices.filter { refunds[$0].status == "succeeded" }
            .filter { order == nil || refunds[$0].metadata["order_id"] == order }.prefix(limit)
        for index in made {
            refunds[index].status = "failed"
            if let place = places[refunds[index].intent] { intents[place].refunded -= refunds[index].amount }
            note("charge.refund.updated", json(refunds[index]))
        }
        return made.count
    }

    /// Keeps a failure of Stripe's own under the key of a request that did something or not.
    package mutating func fail(_ request: Request, afterEffect: Bool) -> Reply {
        if let key = request.idempotencyKey, let known = kept[key] { return replay(known, request) }
        if afterEffect { _ = act(request) }
        let reply = error(500, "api_error", nil, "An unknown error occurred")
        if let key = request.idempotencyKey { kept[key] = KeptReply(fingerprint: fingerprint(request), reply: reply) }
        return reply
    }

    // MARK: - The API

    package mutating func answer(_ request: Request) -> Reply {
        guard knowsKeys, let key = request.idempotencyKey, request.method == "POST" else { return act(request) }
        if let known = kept[key] { return replay(known, request) }
        let reply = act(request)
        // What failed validation has not begun, and is not kept.
        if reply.status != 400 { kept[key] = KeptReply(fingerprint: fingerprint(request), reply: reply) }
        return reply
    }

    private func replay(_ known: KeptReply, _ request: Request) -> Reply {
        guard known.fingerprint == fingerprint(request) else {
            return error(
                400, "idempotency_error", nil,
                "Keys for idempotent requests can only be used with the same parameters they were first used with.")
        }
        var reply = known.reply
        reply.isReplayed = true
        return reply
    }

    private func fingerprint(_ request: Request) -> String {
        request.path + request.parameters.sorted { $0.key < $1.key }.map { "&\($0.key)=\($0.value)" }.joined()
    }

    private mutating func act(_ request: Request) -> Reply {
        let parts = request.path.split(separator: "/").map { String($0) }
        switch (request.method, parts.count, parts.last ?? "") {
        case ("POST", 2, "payment_intents"): return create(request.parameters)
        case ("GET", 2, "payment_intents"): return list(request.parameters)
        case ("GET", 3, "search"): return search(request.parameters)
        case ("GET", 3, let id): return find(id) { .init(status: 200, body: json(intents[$0])) }
        case ("POST", 4, "confirm"): return change(parts[2]) { $0.confirm($1, request.parameters) }
        case ("POST", 4, "cancel"): return change(parts[2]) { $0.cancel($1) }
        case ("POST", 2, "refunds"): return refund(request.parameters)
        case ("GET", 2, "refunds"):
            let found = refunds.filter { $0.intent == request.parameters["payment_intent"] }
            return Reply(status: 200, body: list(found.map { json($0) }, hasMore: false))
        default: return error(404, "invalid_request_error", nil, "Unrecognized request URL")
        }
    }

    private mutating func create(_ parameters: [String: String]) -> Reply {
        guard let amount = parameters["amount"].flatMap({ Int64($0) }), amount > 0,
            let currency = parameters["currency"],
            currency == currency.lowercased(), currency.count == 3
        else { return error(400, "invalid_request_error", "parameter_missing", "amount or currency") }
        guard amount >= 50 else {
            return error(400, "invalid_request_error", "amount_too_small", "Amount must convert to at least 50 cents")
        }
        lastNumber += 1
        let intent = Intent(
            id: "pi_\(lastNumber)", amount: amount, currency: currency, metadata: metadata(parameters),
            created: Int64(Date().timeIntervalSince1970))
        places[intent.id] = intents.count
        intents.append(intent)
        return Reply(status: 200, body: json(intent))
    }

    private mutating func confirm(_ index: Int, _ parameters: [String: String]) -> Reply {
        guard ["requires_payment_method", "requires_confirmation"].contains(intents[index].status) else {
            return unexpectedState(index)
        }
        let method = parameters["payment_method"] ?? ""
        if method.hasSuffix("visa") || method.hasSuffix("accepted") {
            finish(index, isCaptured: true)
            return Reply(status: 200, body: json(intents[index]))
        }
        if method.hasSuffix("processing") {
            intents[index].status = "processing"
            return Reply(status: 200, body: json(intents[index]))
        }
        if method.hasSuffix("unknown") {
            return error(400, "invalid_request_error", "resource_missing", "No such PaymentMethod: '\(method)'")
        }
        if method.hasSuffix("requires_action") {
            if parameters["error_on_requires_action"] != "true" {
                intents[index].status = "requires_action"
                return Reply(status: 200, body: json(intents[index]))
            }
            note("payment_intent.payment_failed", json(intents[index]))
            return error(402, "card_error", "authentication_required", "Authentication is required.", intents[index])
        }
        note("payment_intent.payment_failed", json(intents[index]))
        return error(402, "card_error", "card_declined", "Your card was declined.", intents[index])
    }

    private mutating func cancel(_ index: Int) -> Reply {
        guard intents[index].status.hasPrefix("requires_") else { return unexpectedState(index) }
        intents[index].status = "canceled"
        note("payment_intent.canceled", json(intents[index]))
        return Reply(status: 200, body: json(intents[index]))
    }

    private mutating func refund(_ parameters: [String: String]) -> Reply {
        guard let index = places[parameters["payment_intent"] ?? ""], intents[index].status == "succeeded" else {
            return error(
                400, "invalid_request_error", "resource_missing", "This PaymentIntent has no successful charge")
        }
        let rest = intents[index].amount - intents[index].refunded
        guard rest > 0 else {
            return error(
                400, "invalid_request_error", "charge_already_refunded", "The charge has already been refunded.")
        }
        guard let amount = parameters["amount"].flatMap({ Int64($0) }), (1...rest).contains(amount) else {
            return error(400, "invalid_request_error", nil, "Refund amount is greater than unrefunded amount on charge")
        }
        lastNumber += 1
        intents[index].refunded += amount
        let refund = Refund(
            id: "re_\(lastNumber)", intent: intents[index].id, amount: amount, metadata: metadata(parameters),
            status: refundsArePending ? "pending" : "succeeded")
        refunds.append(refund)
        note("charge.refunded", json(intents[index]))
        return Reply(status: 200, body: json(refund))
    }

    private func list(_ parameters: [String: String]) -> Reply {
        var found = Array(intents.reversed())
        if let cursor = parameters["starting_after"], let place = found.firstIndex(where: { $0.id == cursor }) {
            found.removeFirst(place + 1)
        }
        let begin = parameters["created[gte]"].flatMap { Int64($0) } ?? 0
        found.removeAll { $0.created < begin }
        let limit = parameters["limit"].flatMap { Int($0) } ?? 10
        guard (1...100).contains(limit) else { return error(400, "invalid_request_error", nil, "Invalid limit") }
        let isExpanded = parameters["expand[]"] == "data.latest_charge"
        return Reply(
            status: 200,
            body: list(found.prefix(limit).map { json($0, isExpanded: isExpanded) }, hasMore: found.count > limit))
    }

    private func search(_ parameters: [String: String]) -> Reply {
        let query = parameters["query"] ?? ""
        guard query.hasPrefix("metadata['order_id']:'"), query.hasSuffix("'") else {
            return error(400, "invalid_request_error", nil, "We were unable to parse your search query.")
        }
        let order = String(query.dropFirst("metadata['order_id']:'".count).dropLast())
        return Reply(
            status: 200, body: list(intents.filter { $0.order == order }.map { json($0) }, hasMore: false))
    }

    // MARK: - Parts

    private mutating func finish(_ index: Int, isCaptured: Bool) {
        intents[index].status = isCaptured ? "succeeded" : "requires_payment_method"
        if isCaptured { intents[index].captures += 1 }
        note(isCaptured ? "payment_intent.succeeded" : "payment_intent.payment_failed", json(intents[index]))
    }

    private mutating func note(_ kind: String, _ object: String) {
        lastNumber += 1
        events.append(Event(id: "evt_\(lastNumber)", kind: kind, object: object))
    }

    private mutating func change(_ id: String, _ body: (inout StripeLedger, Int) -> Reply) -> Reply {
        guard let index = places[id] else { return missing(id) }
        return body(&self, index)
    }

    private func find(_ id: String, _ body: (Int) -> Reply) -> Reply {
        guard let index = places[id] else { return missing(id) }
        return body(index)
    }

    private func missing(_ id: String) -> Reply {
        error(404, "invalid_request_error", "resource_missing", "No such payment_intent: '\(id)'")
    }

    private func unexpectedState(_ index: Int) -> Reply {
        error(
            400, "invalid_request_error", "payment_intent_unexpected_state",
            "This PaymentIntent's status is \(intents[index].status).", intents[index])
    }

    private func metadata(_ parameters: [String: String]) -> [String: String] {
        var metadata: [String: String] = [:]
        for (name, value) in parameters where name.hasPrefix("metadata[") && name.hasSuffix("]") {
            metadata[String(name.dropFirst(9).dropLast())] = value
        }
        return metadata
    }

    private func json(_ intent: Intent, isExpanded: Bool = false) -> String {
        let isCharged = intent.captures > 0
        let charge =
            isExpanded && isCharged
            ? """
            {"id":"ch_\(intent.id)","object":"charge","amount":\(intent.amount),"amount_refunded":\(intent.refunded),\
            "refunded":\(intent.refunded == intent.amount)}
            """ : isCharged ? "\"ch_\(intent.id)\"" : "null"
        return """
            {"id":"\(intent.id)","object":"payment_intent","amount":\(intent.amount),"currency":"\(intent.currency)",\
            "created":\(intent.created),"livemode":false,"status":"\(intent.status)","metadata":\(json(intent.metadata)),\
            "latest_charge":\(charge)}
            """
    }

    private func json(_ refund: Refund) -> String {
        """
        {"id":"\(refund.id)","object":"refund","amount":\(refund.amount),"payment_intent":"\(refund.intent)",\
        "status":"\(refund.status)","metadata":\(json(refund.metadata))}
        """
    }

    private func json(_ metadata: [String: String]) -> String {
        "{" + metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
    }

    private func list(_ items: [String], hasMore: Bool) -> String {
        "{\"object\":\"list\",\"url\":\"/v1\",\"has_more\":\(hasMore),\"data\":[\(items.joined(separator: ","))]}"
    }

    private func error(
        _ status: Int, _ type: String, _ code: String?, _ message: String, _ intent: Intent? = nil
    ) -> Reply {
        let code = code.map { "\"code\":\"\($0)\"," } ?? ""
        let intent = intent.map { ",\"payment_intent\":\(json($0))" } ?? ""
        return Reply(
            status: status,
            body: "{\"error\":{\"type\":\"\(type)\",\(code)\"message\":\"\(message)\"\(intent)}}")
    }
}
