import HTTPTypes
import NIOCore
import NIOHTTP1

/// The header fields that the hot routes look at, taken in one pass over the request's fields.
struct RequestHead: Sendable {
    var authorization: String?
    var idempotencyKey: String?
    var contentType: String?
    var contentLength: String?
    var ifNoneMatch: String?
    var origin: String?
    /// `X-Request-Id`, if it can be used as it is.
    var requestID: String?
    var forwardedFor: String?
    /// The trace that the client has begun (W3C Trace Context), as it came.
    var traceparent: String?
    /// Where the connection comes from; set where purchases are limited by address.
    var peer: SocketAddress?
    /// Whether there is a field that changes how the message is read or the connection is kept (RFC 9112 §6.1, §9.3;
    /// RFC 9110 §10.1.1): such requests are left to the general path.
    var isSpecial = false

    init(_ fields: HTTPFields) {
        for field in fields { take(field.name.canonicalName, field.value) }
    }

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers { take(name, value) }
    }

    private mutating func take(_ name: String, _ value: String) {
        switch name.utf8.count {
        case 6:
            if Self.equal(name, "origin") { origin = origin ?? value }
            if Self.equal(name, "expect") { isSpecial = true }
        case 7: if Self.equal(name, "upgrade") { isSpecial = true }
        case 10: if Self.equal(name, "connection"), !Self.equal(value, "keep-alive") { isSpecial = true }
        case 11: if Self.equal(name, "traceparent") { traceparent = traceparent ?? value }
        case 12:
            if Self.equal(name, "content-type") { contentType = contentType ?? value }
            if Self.equal(name, "x-request-id") { requestID = RequestIdentifier.accepted(value) }
        case 13:
            if Self.equal(name, "authorization") { authorization = authorization ?? value }
            if Self.equal(name, "if-none-match") { ifNoneMatch = ifNoneMatch.map { $0 + ", " + value } ?? value }
        case 14: if Self.equal(name, "content-length") { contentLength = contentLength ?? value }
        case 15:
            if Self.equal(name, "idempotency-key") {
                idempotencyKey = idempotencyKey.map { $0 + ", " + value } ?? value
            } else if Self.equal(name, "x-forwarded-for") {
                forwardedFor = forwardedFor.map { $0 + ", " + value } ?? value
            }
        case 17: if Self.equal(name, "transfer-encoding") { isSpecial = true }
        default: break
        }
    }

    /// Compares without regard to the case of ASCII letters; `lower` is in lower case and has no other signs than
    /// letters and hyphens.
    private static func equal(_ text: String, _ lower: StaticString) -> Bool {
        guard text.utf8.count == lower.utf8CodeUnitCount else { return false }
        return lower.withUTF8Buffer { lower in
            var index = 0
            for byte in text.utf8 {
                guard byte == lower[index] || byte | 0x20 == lower[index] else { return false }
                index += 1
            }
            return true
        }
    }
}
