import PostgresClient
import Ticketing

/// Everything that is kept about a person, as one JSON object: names and forms as in the API's other answers. Hashes of
/// passwords and tokens tell nobody anything and are left out, what a mail was filled with may be a secret, and a
/// ticket that was handed on shows the code it had, not the one it has now.
enum SelectPersonalData {
    private static func time(_ column: String) -> String {
        "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    }

    private static func money(_ amount: String, _ currency: String) -> String {
        "jsonb_build_object('amount', (\(amount) * 100)::bigint, 'currency', \(currency))"
    }

    private static let text = """
        jsonb_build_object(
            'account', jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name, 'role', u.role,
                'createdAt', \(time("u.created_at")), 'updatedAt', \(time("u.updated_at"))),
            'orders', coalesce((
                SELECT jsonb_agg(jsonb_build_object('id', o.id, 'eventId', o.event_id, 'quantity', o.quantity,
                    'totalPrice', \(money("o.total_amount", "o.currency")), 'paymentMethod', o.payment_method,
                    'status', o.status, 'failureCode', o.failure_code, 'createdAt', \(time("o.created_at")),
                    'updatedAt', \(time("o.updated_at"))) ORDER BY o.created_at, o.id)
                FROM ticket_orders o WHERE o.user_id = u.id), '[]'),
            'tickets', coalesce((
                SELECT jsonb_agg(jsonb_build_object('code', t.ticket_code, 'orderId', t.order_id, 'status', t.status,
                    'usedAt', \(time("t.used_at")), 'createdAt', \(time("t.created_at"))) ORDER BY t.order_id, t.ticket_code)
                FROM (
                    SELECT b.* FROM ticket_orders p JOIN tickets b ON b.order_id = p.id
                    WHERE p.user_id = u.id AND b.holder_id IS NULL
                    UNION ALL
                    SELECT b.* FROM ticket_transfers x JOIN tickets b ON b.ticket_code = x.to_code WHERE x.to_id = u.id
                ) t), '[]'),
            'transfers', coalesce((
                SELECT jsonb_agg(jsonb_build_object(
                    'code', CASE WHEN x.from_id = u.id THEN x.from_code ELSE x.to_code END,
                    'direction', CASE WHEN x.from_id = u.id THEN 'given' ELSE 'received' END,
                    'createdAt', \(time("x.created_at"))) ORDER BY x.id)
                FROM ticket_transfers x WHERE u.id IN (x.from_id, x.to_id)), '[]'),
            'payments', coalesce((
                SELECT jsonb_agg(jsonb_build_object('orderId', p.order_id, 'kind', p.kind, 'status', p.status,
                    'amount', \(money("p.amount", "p.currency")), 'reference', p.reference,
                    'createdAt', \(time("p.created_at"))) ORDER BY p.id)
                FROM ticket_orders o, LATERAL (
                    SELECT * FROM payments WHERE order_id = o.id AND kind = 'charge' AND status = 'captured'
                    UNION ALL SELECT * FROM payments WHERE order_id = o.id AND (kind <> 'charge' OR status <> 'captured')
                ) p WHERE o.user_id = u.id), '[]'),
            'mails', coalesce((
                SELECT jsonb_agg(jsonb_build_object('kind', m.kind, 'orderId', m.order_id, 'state', m.state,
                    'createdAt', \(time("m.created_at")), 'sentAt', \(time("m.sent_at"))) ORDER BY m.id)
                FROM mails m WHERE m.user_id = u.id), '[]'),
            'sessions', coalesce((
                SELECT jsonb_agg(jsonb_build_object('client', s.client, 'startedAt', \(time("s.created_at")),
                    'usedAt', \(time("s.rotated_at")), 'expiresAt', \(time("s.expires_at")),
                    'revokedAt', \(time("s.revoked_at"))) ORDER BY s.created_at)
                FROM refresh_tokens s WHERE s.user_id = u.id), '[]'),
            'actions', coalesce((
                SELECT jsonb_agg(jsonb_build_object('action', a.action, 'subject', a.subject,
                    'createdAt', \(time("a.created_at"))) ORDER BY a.id)
                FROM audit_log a WHERE a.actor_id = u.id), '[]')
        )::text
        """

    static func query(_ id: UserID) -> PostgresQuery {
        "SELECT \(unescaped: text) FROM users u WHERE u.id = \(id) AND u.deleted_at IS NULL"
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> String { try row.decode(String.self) }
}
