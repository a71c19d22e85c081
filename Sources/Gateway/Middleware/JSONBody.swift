import Foundation
import Hummingbird
import NIOCore
import Ticketing

/// Decodes bodies by Codable and says what is wrong with them in the gateway's words.
enum JSONBody {
    static func decode<Body: Decodable>(
        _ type: Body.Type, from request: Request, limit: Int
    ) async throws -> Body {
        try decode(type, from: try await body(of: request, limit: limit))
    }

    /// nil when there is no body.
    static func decodeIfAny<Body: Decodable>(
        _ type: Body.Type, from request: Request, limit: Int
    ) async throws -> Body? {
        let buffer = try await body(of: request, limit: limit)
        return buffer.readableBytes == 0 ? nil : try decode(type, from: buffer)
    }

    private static func body(of request: Request, limit: Int) async throws -> ByteBuffer {
        try await BodyReader.json(
            request, contentType: request.headers[.contentType], contentLength: request.headers[.contentLength],
            limit: limit)
    }

    static func decode<Body: Decodable>(_ type: Body.Type, from buffer: ByteBuffer) throws -> Body {
        do {
            return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw problem(error)
        }
    }

    private static func problem(_ error: DecodingError) -> Problem {
        switch error {
        case .typeMismatch(_, let context) where !context.codingPath.isEmpty:
            .validation([FieldError(field(context.codingPath), "has the wrong type")])
        case .valueNotFound(_, let context) where !context.codingPath.isEmpty:
            .validation([FieldError(field(context.codingPath), "must not be null")])
        case .keyNotFound(let key, let context):
            .validation([FieldError(field(context.codingPath + [key]), "is missing")])
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            .validation([FieldError(field(context.codingPath), "is out of range")])
        default:
            Problem(.malformedJSON, "The body is not a JSON object.")
        }
    }

    private static func field(_ path: [any CodingKey]) -> String {
        path.map { $0.intValue.map { String($0) } ?? $0.stringValue }.joined(separator: ".")
    }
}
