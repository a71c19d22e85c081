import HTTPTypes
import Hummingbird

/// Which web pages may use the API from another origin (https://fetch.spec.whatwg.org/#http-cors-protocol).
/// Tokens travel in a header; the cookie of a session is for pages of our own origin. So credentials mode and the
/// `X-Onsale-Session` that goes with the cookie are not needed and not allowed.
struct CORSPolicy: Sendable {
    private let origins: Set<String>
    private let allowsAny: Bool

    /// Browsers keep a preflight's answer for so many seconds; Chromium takes no more than two hours.
    private static let preflightAge = "7200"

    /// - Parameter origins: `https://tickets.example`, without a path; `*` allows every origin. Empty: no headers.
    init(origins: [String]) {
        self.origins = Set(origins)
        self.allowsAny = origins.contains("*")
    }

    var isEnabled: Bool { allowsAny || !origins.isEmpty }

    private func allows(_ origin: String) -> Bool { allowsAny || origins.contains(origin) }

    /// The answer to a preflight request, or nil when this is none or its origin is not allowed.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, isEnabled, let origin = request.headers[.origin], allows(origin),
            request.headers[.accessControlRequestMethod] != nil
        else { return nil }
        let headers: HTTPFields = [
            .accessControlAllowOrigin: origin,
            .accessControlAllowMethods: "GET, POST, PATCH, DELETE",
            .accessControlAllowHeaders: "Authorization, Content-Type, Idempotency-Key, If-None-Match, Traceparent",
            .accessControlMaxAge: Self.preflightAge,
            .vary: "Origin",
        ]
        return Response(status: .noContent, headers: headers, body: ResponseBody())
    }

    /// Lets a page of an allowed origin read the answer.
    func apply(to headers: inout HTTPFields, origin: String?) {
        guard isEnabled else { return }
        headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin, allows(origin) else { return }
        headers.append(HTTPField(name: .accessControlAllowOrigin, value: origin))
        headers.append(
            HTTPField(
                name: .accessControlExposeHeaders,
                value: "ETag, Idempotent-Replayed, Location, Retry-After, X-Request-Id"))
    }
}
