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

    /// Codes behind which waiting helps, after DESIGN §6.
    private static let temporary: Set<String> = [
        "rate_limited", "overloaded", "warming_up", "sale_not_open", "sale_paused",
    ]

    init(_ reply: HTTPReply) {
        var order: OrderID?
        var code: String?
        var receipt: String?
        reply.body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                if JSONScanner.equal(name, "orderId") { order = OrderID(JSONScanner.text(value)) }
                if JSONScanner.equal(name, "receipt") { receipt = JSONScanner.text(value) }
                if JSONScanner.equal(name, "code") { code = JSONScanner.text(value) }
            }
        }
        switch reply.status {
        case 200..<300:
            self =
                order.map { .accepted($0, etag: reply.etag, receipt: receipt) }
                ?? .refused(code: "unreadable_acceptance")
        case 429: self = .busy(code: code ?? "rate_limited", retryAfter: reply.retryAfter)
        case 503 where code != nil: self = .busy(code: code ?? "", retryAfter: reply.retryAfter)
        case 500...: self = .unknown(retryAfter: reply.retryAfter)
        default:
            let code = code ?? "http_\(reply.status)"
            self =
                Self.temporary.contains(code)
                ? .busy(code: code, retryAfter: reply.retryAfter) : .refused(code: code)
        }
    }
}

/// What an answer to a poll says.
enum OrderAnswer: Equatable {
    case state(OrderStatus, failure: String?, etag: String?, pollAfter: Int?)
    case unchanged
    /// The service does not know an order that it has accepted: 404, or 503 while it is getting its memory back.
    case missing
    case unavailable(retryAfter: Int?)

    init(_ reply: HTTPReply) {
        switch reply.status {
        case 200: self = Self.state(reply)
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

    private static func state(_ reply: HTTPReply) -> OrderAnswer {
        var status: OrderStatus?
        var failure: String?
        var pollAfter: Int?
        reply.body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                if JSONScanner.equal(name, "status") {
                    status = OrderStatus(rawValue: JSONScanner.text(value))
                } else if JSONScanner.equal(name, "pollAfterMs") {
                    pollAfter = Int(JSONScanner.text(value))
                } else if JSONScanner.equal(name, "failure") {
                    JSONScanner.members(of: UnsafeRawBufferPointer(rebasing: value)) { name, value in
                        if JSONScanner.equal(name, "code") { failure = JSONScanner.text(value) }
                    }
                }
            }
        }
        return status.map { .state($0, failure: failure, etag: reply.etag, pollAfter: pollAfter) }
            ?? .unavailable(retryAfter: nil)
    }
}
