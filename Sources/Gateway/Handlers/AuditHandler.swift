import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import OrderRepository
import Ticketing

/// `/api/admin/audit`: what administrators have done.
struct AuditHandler<Repository: AdministrationRepository>: Sendable {
    let repository: Repository
    let limits: GatewayLimits

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.get("/api/admin/audit") { request, _ in
            let limit = try PageQuery.limit(request, limits: limits)
            let (cursor, filter) = try Self.query(request)
            let page = try await repository.auditLog(matching: filter, after: cursor, limit: limit)
            var body = ByteBuffer()
            body.writeList(page.items, next: page.next.map { String($0) }) { body, entry in body.writeJSON(entry) }
            return JSONResponse.response(body, headers: [.cacheControl: "no-store"])
        }
    }

    private static func query(_ request: Request) throws(Problem) -> (cursor: Int64?, filter: AuditFilter) {
        let query = request.uri.queryParameters
        var errors: [FieldError] = []
        func text(_ name: Substring) -> String? {
            guard let text = query[name] else { return nil }
            if text.utf8.count > Limits.searchBytes || text.utf8.contains(where: { $0 < 0x20 }) {
                errors.append(FieldError(String(name), "must be a text of at most \(Limits.searchBytes) bytes"))
            }
            return String(text)
        }
        let filter = AuditFilter(
            actor: text("actor").flatMap { text in
                let actor = UserID(text)
                if actor == nil { errors.append(FieldError("actor", "must be the id of a user")) }
                return actor
            }, subject: text("subject"), action: text("action"))
        let cursor = text("cursor").flatMap { text in
            let cursor = Int64(text)
            if cursor == nil { errors.append(FieldError("cursor", "must be a nextCursor of this list")) }
            return cursor
        }
        guard errors.isEmpty else { throw Problem.validation(errors) }
        return (cursor, filter)
    }
}

extension ByteBuffer {
    /// `before` and `after` are JSON already, as Postgres keeps them.
    mutating func writeJSON(_ entry: AuditEntry) {
        writeStaticString("{\"id\":\"")
        writeDecimal(entry.id)
        writeStaticString("\",\"at\":\"")
        writeTimestamp(milliseconds: Timestamp.milliseconds(entry.at))
        writeStaticString("\"")
        if let actor = entry.actor {
            writeStaticString(",\"actor\":{\"id\":\"")
            writeText(of: actor.uuid)
            writeStaticString("\"")
            if let email = entry.actorEmail {
                writeStaticString(",\"email\":")
                writeJSON(email)
            }
            writeStaticString("}")
        }
        writeStaticString(",\"action\":")
        writeJSON(entry.action)
        writeStaticString(",\"subject\":")
        writeJSON(entry.subject)
        if let before = entry.before {
            writeStaticString(",\"before\":")
            writeString(before)
        }
        if let after = entry.after {
            writeStaticString(",\"after\":")
            writeString(after)
        }
        writeStaticString("}")
    }
}
