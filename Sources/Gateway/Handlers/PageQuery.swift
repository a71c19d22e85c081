import Hummingbird
import OrderRepository
import Ticketing

/// `cursor` and `limit` of a list.
struct PageQuery: Sendable {
    let cursor: PageCursor?
    let limit: Int

    init(_ request: Request, limits: GatewayLimits) throws(Problem) {
        let query = request.uri.queryParameters
        var errors: [FieldError] = []
        if let text = query["cursor"], !text.isEmpty {
            cursor = PageCursor(text)
            if cursor == nil { errors.append(FieldError("cursor", "must be a nextCursor of this list")) }
        } else {
            cursor = nil
        }
        limit = Self.limit(query["limit"], limits: limits, errors: &errors)
        guard errors.isEmpty else { throw Problem.validation(errors) }
    }

    /// `limit` alone, for a list whose places are of another kind.
    static func limit(_ request: Request, limits: GatewayLimits) throws(Problem) -> Int {
        var errors: [FieldError] = []
        let limit = limit(request.uri.queryParameters["limit"], limits: limits, errors: &errors)
        guard errors.isEmpty else { throw Problem.validation(errors) }
        return limit
    }

    private static func limit(_ text: Substring?, limits: GatewayLimits, errors: inout [FieldError]) -> Int {
        guard let text else { return limits.standardPageItems }
        let limit = Int(text) ?? 0
        if !(1...limits.pageItems).contains(limit) {
            errors.append(FieldError("limit", "must be a whole number from 1 to \(limits.pageItems)"))
        }
        return limit
    }
}
