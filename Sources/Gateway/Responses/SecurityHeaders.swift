import HTTPTypes

/// The fields that tell browsers to make nothing of an answer but what it says it is. An answer that is a page brings a
/// `Content-Security-Policy` of its own.
enum SecurityHeaders {
    private static let contentTypeOptions = HTTPField(name: HTTPField.Name("X-Content-Type-Options")!, value: "nosniff")
    private static let referrerPolicy = HTTPField(name: HTTPField.Name("Referrer-Policy")!, value: "no-referrer")
    private static let contentSecurityPolicy = HTTPField(
        name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'")

    /// All of them as they stand in a message, each after its line break: the hot routes write them as they are.
    static let lines: StaticString =
        "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'"

    static func apply(to headers: inout HTTPFields) {
        headers.append(contentTypeOptions)
        headers.append(referrerPolicy)
        if !headers.contains(.contentSecurityPolicy) { headers.append(contentSecurityPolicy) }
        if !headers.contains(.cacheControl) { headers.append(HTTPField(name: .cacheControl, value: "no-store")) }
    }
}
