import HTTPTypes
import Hummingbird
import NIOCore

/// `/openapi.yaml` and `/docs`: what the API is, for programs and for people.
struct ReferenceHandler: Sendable {
    /// Made at the first request: reading the document takes some milliseconds.
    private static let page = Result { try APIReference(OpenAPIDocument()).html() }

    /// Seconds that a browser may keep them; they change with a new version of the gateway only.
    private static let maximumAge = 300

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        router.get("/openapi.yaml") { request, _ in
            Self.answer(OpenAPIDocument.text, type: "application/yaml", to: request)
        }
        router.get("/docs") { request, _ in
            var response = Self.answer(try Self.page.get(), type: "text/html; charset=utf-8", to: request)
            response.headers[.contentSecurityPolicy] =
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
            return response
        }
    }

    private static func answer(_ text: String, type: String, to request: Request) -> Response {
        let body = ByteBuffer(string: text)
        let tag = EntityTag.of(body)
        let headers: HTTPFields = [.eTag: tag, .cacheControl: "public, max-age=\(maximumAge)", .contentType: type]
        if let ifNoneMatch = request.headers[.ifNoneMatch], EntityTag.matches(ifNoneMatch, tag) {
            return Response(status: .notModified, headers: headers, body: ResponseBody())
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}
