import Foundation
import PostgresClient
import Ticketing

/// Adds a line to the audit log. It belongs into the transaction of the change that it tells of: then there is no
/// change without its line, and no line without its change.
enum InsertAudit {
    /// - Parameters:
    ///   - actor: nil: the operator's command.
    ///   - before: A JSON object; nil when there was nothing.
    ///   - after: A JSON object; nil when there is nothing any more. Where both are given, only what differs is kept.
    static func query(
        _ action: AuditAction, by actor: UserID?, on subject: String, before: String?, after: String?
    ) -> PostgresQuery {
        """
        INSERT INTO audit_log (actor_id, action, subject, before, after)
        SELECT \(actor), \(action.rawValue), \(subject), \(unescaped: difference("b", from: "a")), \
        \(unescaped: difference("a", from: "b"))
        FROM (SELECT \(before)::jsonb AS b, \(after)::jsonb AS a) AS rows
        """
    }

    /// The same with the row of an event, as it is by now, as what there is after the change.
    static func query(
        _ action: AuditAction, by actor: UserID?, on event: EventID, before: String?
    ) -> PostgresQuery {
        """
        INSERT INTO audit_log (actor_id, action, subject, before, after)
        SELECT \(actor), \(action.rawValue), \(event.description), \(unescaped: difference("b", from: "a")), \
        \(unescaped: difference("a", from: "b"))
        FROM (SELECT \(before)::jsonb AS b, to_jsonb(events) AS a FROM events WHERE id = \(event)) AS rows
        """
    }

    /// The row of an event before its change, as JSON text.
    static func row(of event: EventID) -> PostgresQuery {
        "SELECT to_jsonb(events)::text FROM events WHERE id = \(event)"
    }

    /// The members of one object that are not, or not so, in the other; all of them when there is no other.
    private static func difference(_ one: String, from other: String) -> String {
        """
        CASE WHEN \(other) IS NULL THEN \(one) ELSE (SELECT jsonb_object_agg(key, value) FROM jsonb_each(\(one)) \
        WHERE value IS DISTINCT FROM \(other) -> key) END
        """
    }
}

enum SelectAudit {
    static func query(matching filter: AuditFilter, after id: Int64?, limit: Int) -> PostgresQuery {
        var query = PostgresQuery.Interpolation(literalCapacity: 400, interpolationCount: 5)
        query.appendLiteral(
            """
            SELECT a.id, a.created_at, a.actor_id, u.email, a.action, a.subject, a.before::text, a.after::text
            FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id WHERE true
            """)
        if let id {
            query.appendLiteral(" AND a.id < ")
            query.appendInterpolation(id)
        }
        if let actor = filter.actor {
            query.appendLiteral(" AND a.actor_id = ")
            query.appendInterpolation(actor)
        }
        if let subject = filter.subject {
            query.appendLiteral(" AND a.subject = ")
            query.appendInterpolation(subject)
        }
        if let action = filter.action {
            query.appendLiteral(" AND a.action = ")
            query.appendInterpolation(action)
        }
        query.appendLiteral(" ORDER BY a.id DESC LIMIT ")
        query.appendInterpolation(limit)
        return PostgresQuery(stringInterpolation: query)
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> AuditEntry {
        let (id, at, actor, email, action, subject, before, after) = try row.decode(
            Int64.self, Date.self, UserID?.self, String?.self, String.self, String.self, String?.self, String?.self)
        return AuditEntry(
            id: id, at: at, actor: actor, actorEmail: email, action: action, subject: subject, before: before,
            after: after)
    }
}
