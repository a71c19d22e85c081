import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Waits for the bodies of the general path's requests before these are admitted: a client that sends slowly takes
/// nobody else's place among the requests that are being answered.
///
/// What has come in of all bodies together is bounded instead, by `GatewayLimits.bodyMemory`.
final class BodyIntake: Sendable {
    private let limits: GatewayLimits
    private let held = Atomic(0)

    init(limits: GatewayLimits) { self.limits = limits }

    /// Bytes of bodies whose requests have not been answered yet.
    var bytes: Int { held.load(ordering: .relaxed) }

    /// Calls `work` with the request and its whole body, or as much of it as makes it too large for its route. A body
    /// that is announced as too large is left where it is.
    /// - Returns: What `work` gives; nil also when the bodies of all requests have as much as they may.
    /// - Throws: What the connection throws while the body is read, and what `work` throws.
    func run(
        _ request: Request, _ work: (Request) async throws -> Response?
    ) async throws -> Response? {
        let limit = limit(of: request)
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        // No handler reads a body with these methods.
        guard length <= limit, request.method != .get, request.method != .head else { return try await work(request) }
        var request = request
        var body = ByteBuffer()
        var taken = 0
        defer { held.subtract(taken, ordering: .relaxed) }
        for try await var part in request.body {
            taken += part.readableBytes
            guard held.add(part.readableBytes, ordering: .relaxed).newValue <= limits.bodyMemory else { return nil }
            body.writeBuffer(&part)
            if body.readableBytes > limit { break }
        }
        request.body = RequestBody(buffer: body)
        return try await work(request)
    }

    /// At least what the route's handler takes.
    private func limit(of request: Request) -> Int {
        let path = request.head.path ?? ""
        if path.hasPrefix("/api/webhooks/") { return limits.webhookBodyBytes }
        return path.hasPrefix("/api/events") ? limits.eventBodyBytes : limits.bodyBytes
    }
}
