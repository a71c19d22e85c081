import Hummingbird
import NIOCore

/// Takes a request's body, within a limit.
enum BodyReader {
    /// - Throws: 415 for a body that says it is not JSON, 413 for one above `limit` (before it is read, when its
    ///   length is announced).
    static func json(
        _ request: Request, contentType: String?, contentLength: String?, limit: Int
    ) async throws -> ByteBuffer {
        try checkType(contentType)
        let tooLarge = Problem(.bodyTooLarge, "The body may have at most \(limit) bytes.")
        if let length = contentLength.flatMap({ Int($0) }), length > limit { throw tooLarge }
        var iterator = request.body.makeAsyncIterator()
        // Nearly always the body is one buffer, which is then used as it is.
        guard var body = try await iterator.next() else { return ByteBuffer() }
        guard body.readableBytes <= limit else { throw tooLarge }
        while var more = try await iterator.next() {
            guard body.readableBytes + more.readableBytes <= limit else { throw tooLarge }
            body.writeBuffer(&more)
        }
        return body
    }

    /// - Throws: 415 for a type that is not JSON; a body without a type is taken for JSON.
    static func checkType(_ contentType: String?) throws(Problem) {
        guard let contentType, !isJSON(contentType) else { return }
        throw Problem(.unsupportedMediaType, "Send the body as application/json.")
    }

    static func isJSON(_ contentType: String) -> Bool {
        if contentType == "application/json" { return true }
        let type = contentType.prefix { $0 != ";" }.lowercased()
        return type == "application/json" || type.split(separator: " ") == ["application/json"]
    }
}
