import HTTPTypes

/// The fields that tell browsers to make nothing of an answer but what it says it is. An answer that is a page brings a
/// `Content-Security-Policy` of its own.
struct SecurityHeaders: Sendable {
    private let fields: [HTTPField]
    /// The same as they stand in a message, each after its line break. The hot routes' answers have a `Cache-Control`
    /// by themselves.
    let lines: String

    private static let cacheControl = HTTPField(name: .cacheControl, value: "no-store")

    /// - Parameter isSecure: Whether the API is reached by https alone: then browsers are told to use nothing else for a
    ///   year (RFC 6797).
    init(isSecure: Bool) {
        var fields = [
            HTTPField(name: HTTPField.Name("X-Content-Type-Options")!, value: "nosniff"),
            HTTPField(name: HTTPField.Name("Referrer-Policy")!, value: "no-referrer"),
            HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"),
            // Of what a page of another origin embeds. What it fetches is not concerned: that CORS allows or not
            // (https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header).
            HTTPField(name: HTTPField.Name("Cross-Origin-Resource-Policy")!, value: "same-origin"),
        ]
        if isSecure { fields.append(HTTPField(name: .strictTransportSecurity, value: "max-age=31536000")) }
        self.fields = fields
        lines = fields.map { "\r\n\($0.name.rawName): \($0.value)" }.joined()
    }

    /// Leaves alone what an answer has.
    func apply(to headers: inout HTTPFields) {
        for field in fields where !headers.contains(field.name) { headers.append(field) }
        if !headers.contains(.cacheControl) { headers.append(Self.cacheControl) }
    }
}
