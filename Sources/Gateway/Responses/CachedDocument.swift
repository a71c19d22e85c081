import HTTPTypes
import Hummingbird
import NIOCore

/// An encoded answer with its entity tag, kept for a moment and given to everybody who asks.
struct CachedDocument: Sendable {
    let body: ByteBuffer
    let tag: String

    init(_ value: some Encodable) throws { self.init(body: try JSONResponse.encode(value)) }

    init(body: ByteBuffer) {
        self.body = body
        tag = EntityTag.of(body)
    }

    /// - Parameter maximumAge: Seconds that a browser or CDN may keep it.
    func response(ifNoneMatch: String?, maximumAge: Int) -> Response {
        let headers: HTTPFields = [.eTag: tag, .cacheControl: "public, max-age=\(maximumAge)"]
        if let ifNoneMatch, EntityTag.matches(ifNoneMatch, tag) {
            return Response(status: .notModified, headers: headers, body: ResponseBody())
        }
        return JSONResponse.response(body, headers: headers)
    }
}
