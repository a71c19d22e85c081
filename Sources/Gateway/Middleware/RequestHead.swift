import HTTPTypes

/// The header fields that the two hottest routes look at, taken in one pass over the request's fields.
struct RequestHead {
    var authorization: String?
    var idempotencyKey: String?
    var contentType: String?
    var contentLength: String?
    var ifNoneMatch: String?

    init(_ fields: HTTPFields) {
        for field in fields {
            switch field.name.canonicalName {
            case "authorization": authorization = authorization ?? field.value
            case "idempotency-key": idempotencyKey = idempotencyKey.map { $0 + ", " + field.value } ?? field.value
            case "content-type": contentType = contentType ?? field.value
            case "content-length": contentLength = contentLength ?? field.value
            case "if-none-match": ifNoneMatch = ifNoneMatch.map { $0 + ", " + field.value } ?? field.value
            default: break
            }
        }
    }
}
