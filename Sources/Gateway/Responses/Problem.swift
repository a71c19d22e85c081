import HTTPTypes
import Hummingbird
import NIOCore
import Ticketing

/// An answer that is not what the client hoped for, as `application/problem+json` (RFC 9457).
///
/// `type` is `about:blank`, so `title` is the status phrase (RFC 9457 §4.2.1); what a program needs is `code`.
struct Problem: Error, Hashable, Sendable {
    var code: ProblemCode
    /// For a person; may change at any time.
    var detail: String
    var errors: [FieldError] = []
    /// Seconds after which a repetition may succeed; nil when waiting does not help.
    var retryAfter: Int?
    /// The methods a resource has, for a 405.
    var allow: String?
    /// The key to send again, in a problem after which the same purchase may be tried again: the client may not have
    /// chosen it.
    var idempotencyKey: String?
    /// Under which it was logged; nil when it was not.
    var requestID: String?

    init(_ code: ProblemCode, _ detail: String, errors: [FieldError] = [], retryAfter: Int? = nil) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
    }

    static func validation(_ errors: [FieldError]) -> Problem {
        Problem(.validationFailed, "The request has fields that are missing or not valid.", errors: errors)
    }

    func response(requestID: String) -> Response { answer(requestID: requestID).response() }

    /// Written by hand: refusals are the most frequent answer of a sale that sells out.
    func answer(requestID: String) -> HTTPAnswer {
        let status = HTTPResponse.Status(code: code.status, reasonPhrase: code.title)
        var body = ByteBuffer()
        // Every fixed part together has 120 bytes.
        body.reserveCapacity(160 + detail.utf8.count + requestID.utf8.count + errors.count * 96)
        body.writeStaticString("{\"type\":\"about:blank\",\"title\":\"")
        body.writeString(code.title)
        body.writeStaticString("\",\"status\":")
        body.writeDecimal(Int64(code.status))
        body.writeStaticString(",\"detail\":")
        body.writeJSON(detail)
        body.writeStaticString(",\"code\":\"")
        body.writeString(code.rawValue)
        body.writeStaticString("\",\"requestId\":")
        body.writeJSON(requestID)
        if let idempotencyKey {
            body.writeStaticString(",\"idempotencyKey\":")
            body.writeJSON(idempotencyKey)
        }
        if !errors.isEmpty {
            body.writeStaticString(",\"errors\":[")
            for (index, error) in errors.enumerated() {
                if index > 0 { body.writeStaticString(",") }
                body.writeStaticString("{\"field\":")
                body.writeJSON(error.field)
                body.writeStaticString(",\"message\":")
                body.writeJSON(error.message)
                body.writeStaticString("}")
            }
            body.writeStaticString("]")
        }
        body.writeStaticString("}")

        var headers = HTTPFields()
        headers.reserveCapacity(7)
        headers.append(HTTPField(name: .contentType, value: "application/problem+json"))
        headers.append(HTTPField(name: .contentLength, value: String(body.readableBytes)))
        headers.append(HTTPField(name: .cacheControl, value: "no-store"))
        headers.append(HTTPField(name: .requestID, value: requestID))
        if let retryAfter { headers.append(HTTPField(name: .retryAfter, value: String(retryAfter))) }
        if let allow { headers.append(HTTPField(name: .allow, value: allow)) }
        if code.status == 401 { headers.append(HTTPField(name: .wwwAuthenticate, value: "Bearer")) }
        return HTTPAnswer(status: status, headers: headers, body: body, code: code)
    }
}
