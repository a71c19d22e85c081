import HTTPTypes

/// The fields that tell browsers to make nothing of an answer but what it says it is. An answer that is a page brings a
/// `Content-Security-Policy` of its own.
enum SecurityHeaders {
    private static let contentTypeOptions = HTTPField(name: HTTPField.Name("X-Content-Type-Options")!, value: "nosniff")
    private static let referrerPolicy = HTTPField(name: HTTPField.Name("Referrer-Policy")!, value: "no-referrer")
    private static let contentSecurityPolicy = HTTPField(
        name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'")

    private static let cacheControl = HTTPField(name: .cacheControl, value: "no-store")

    /// All that the hot routes' answers do not have by themselves, as they stand in a message, each after its
    /// line break.
    static let lines: StaticString =
        "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'"

    /// Leaves alone what an answer has.
    static func apply(to headers: inout HTTPFields) {
        for field in [contentTypeOptions, referrerPolicy, contentSecurityPolicy, cacheControl]
        where !headers.contains(field.name) {
            headers.append(field)
        }
    }
}
