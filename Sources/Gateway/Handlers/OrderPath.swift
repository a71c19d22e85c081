import Ticketing

/// The path and query of `GET /api/orders/{id}?wait=`.
struct OrderPath: Hashable, Sendable {
    let id: Substring
    let query: Substring?

    /// nil for other paths.
    init?(_ uri: String) {
        guard uri.hasPrefix("/api/orders/") else { return nil }
        let rest = uri.dropFirst(12)
        let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?"))
        id = rest[..<(mark ?? rest.endIndex)]
        query = mark.map { rest[rest.index(after: $0)...] }
        // `recover` is a path of its own, for another method.
        guard !id.isEmpty, !id.utf8.contains(UInt8(ascii: "/")), id != "recover" else { return nil }
    }

    /// How long the client would have its answer held.
    func wait(_ limits: GatewayLimits) throws(Problem) -> Duration {
        guard let query, let item = query.split(separator: "&").first(where: { $0 == "wait" || $0.hasPrefix("wait=") })
        else { return .zero }
        let longest = limits.longPollTime.components.seconds
        guard let seconds = Int64(item.dropFirst(5)), (0...longest).contains(seconds) else {
            throw Problem.validation([FieldError("wait", "must be a whole number of seconds from 0 to \(longest)")])
        }
        return .seconds(seconds)
    }
}
