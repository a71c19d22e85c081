import NIOCore
import Ticketing

/// What an answer to a purchase says, as far as a buyer's next step depends on it.
enum PurchaseAnswer: Equatable {
    case accepted(OrderID, etag: String?, receipt: String? = nil)
    /// A definite refusal: nothing is reserved (promise 4).
    case refused(code: String)
    /// Refused for now; the same key may be sent again.
    case busy(code: String, retryAfter: Int?)
    /// No saying whether the purchase was taken: the connection broke, or a server or proxy failed.
    case unknown(retryAfter: Int?)

    init(_ reply: HTTPReply, by answers: Target.PurchaseAnswers = Target.onsale.purchaseAnswers) {
        var order: OrderID?
        var code: String?
        var receipt: String?
        reply.body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                answers.order.follow(name, value) {
                    let text = JSONScanner.text($0)
                    order = answers.ordersAreOurs ? OrderID(text) : OrderID(anyText: text)
                }
                answers.receipt?.follow(name, value) { receipt = JSONScanner.text($0) }
                answers.code.follow(name, value) { code = JSONScanner.text($0) }
            }
        }
        switch reply.status {
        case let status where answers.accepted.contains(status):
            self =
                order.map { .accepted($0, etag: reply.etag, receipt: receipt) }
                ?? .refused(code: "unreadable_acceptance")
        case 429: self = .busy(code: code ?? "rate_limited", retryAfter: reply.retryAfter)
        case 503 where code != nil: self = .busy(code: code ?? "", retryAfter: reply.retryAfter)
        case 500...: self = .unknown(retryAfter: reply.retryAfter)
        default:
            let code = code ?? "http_\(reply.status)"
            self =
                answers.temporary.contains(code)
                ? .busy(code: code, retryAfter: reply.retryAfter) : .refused(code: code)
        }
    }

    /// The order's id as the service wrote it: what its address is made from.
    static func orderText(in reply: HTTPReply, by answers: Target.PurchaseAnswers) -> String? {
        var text: String?
        reply.body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                answers.order.follow(name, value) { text = JSONScanner.text($0) }
            }
        }
        return text
    }
}

/// What an answer to a poll says.
enum OrderAnswer: Equatable {
    case state(OrderState)
    case unchanged
    /// The service does not know an order that it has accepted: 404, or 503 while it is getting its memory back.
    case missing
    case unavailable(retryAfter: Int?)

    init(_ reply: HTTPReply, by answers: Target.StatusAnswers = Target.onsale.statusAnswers) {
        switch reply.status {
        case 200..<300: self = OrderState(reply, by: answers).map { .state($0) } ?? .unavailable(retryAfter: nil)
        case 304: self = .unchanged
        case 404: self = .missing
        case 503 where Self.isWarmingUp(reply): self = .missing
        default: self = .unavailable(retryAfter: reply.retryAfter)
        }
    }

    private static func isWarmingUp(_ reply: HTTPReply) -> Bool {
        var isWarmingUp = false
        reply.body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                if JSONScanner.equal(name, "code") { isWarmingUp = JSONScanner.text(value) == "warming_up" }
            }
        }
        return isWarmingUp
    }
}

/// An order as a poll shows it.
struct OrderState: Equatable {
    var status: OrderStatus
    /// Still in line: accepted and not committed.
    var isQueued = false
    var failure: String?
    var etag: String?
    var pollAfter: Int?

    init(
        _ status: OrderStatus, isQueued: Bool = false, failure: String? = nil, etag: String? = nil,
        pollAfter: Int? = nil
    ) {
        self.status = status
        self.isQueued = isQueued
        self.failure = failure
        self.etag = etag
        self.pollAfter = pollAfter
    }

    /// nil when the answer names no state that is known.
    init?(_ reply: HTTPReply, by answers: Target.StatusAnswers) {
        var status: OrderStatus?
        self.status = .pending
        self.etag = reply.etag
        reply.body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                answers.status.follow(name, value) {
                    status = answers.states[JSONScanner.text($0)].flatMap { OrderStatus(rawValue: $0) }
                }
                answers.stage?.follow(name, value) { isQueued = JSONScanner.text($0) == answers.queuedStage }
                answers.failure?.follow(name, value) { failure = JSONScanner.text($0) }
                answers.pollAfterMs?.follow(name, value) { pollAfter = Int(JSONScanner.text($0)) }
            }
        }
        guard let status else { return nil }
        self.status = status
        if status != .pending { isQueued = false }
    }
}
