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
        if let text = query["limit"] {
            limit = Int(text) ?? 0
            if !(1...limits.pageItems).contains(limit) {
                errors.append(FieldError("limit", "must be a whole number from 1 to \(limits.pageItems)"))
            }
        } else {
            limit = limits.standardPageItems
        }
        guard errors.isEmpty else { throw Problem.validation(errors) }
    }
}
