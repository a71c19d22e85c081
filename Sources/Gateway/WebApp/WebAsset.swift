import HTTPTypes
import Hummingbird
import NIOCore

/// One file of the web app, as it is and, where that is smaller, compressed.
struct WebAsset: Sendable {
    /// The bytes of a file with the tag that names them. The two forms of a file have two strong tags (RFC 9110 §8.8.3.3).
    struct Form: Sendable {
        let body: ByteBuffer
        let tag: String

        init(_ body: ByteBuffer) {
            self.body = body
            tag = EntityTag.of(body)
        }
    }

    let plain: Form
    let gzip: Form?
    /// Type, caching and, for a page, its policy.
    let headers: HTTPFields

    /// - Parameter request: A GET or HEAD.
    func response(to request: Request) -> Response {
        var headers = headers
        var form = plain
        if let gzip {
            headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
            if Self.acceptsGzip(request.headers[values: .acceptEncoding]) {
                form = gzip
                headers[.contentEncoding] = "gzip"
            }
        }
        headers[.eTag] = form.tag
        if let ifNoneMatch = request.headers[.ifNoneMatch], EntityTag.matches(ifNoneMatch, form.tag) {
            headers[.contentType] = nil
            headers[.contentEncoding] = nil
            return Response(status: .notModified, headers: headers, body: ResponseBody())
        }
        guard request.method != .head else {
            headers[.contentLength] = String(form.body.readableBytes)
            return Response(status: .ok, headers: headers, body: ResponseBody())
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: form.body))
    }

    /// Whether `gzip` is among the codings, and not forbidden by `q=0` (RFC 9110 §12.5.3). `*` alone is not taken for it.
    private static func acceptsGzip(_ fields: [String]) -> Bool {
        fields.flatMap { $0.lowercased().split(separator: ",") }.contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard parts.first == "gzip" else { return false }
            return !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }
}
