import Foundation
import PostgresClient
import Ticketing

/// Columns that make an `IssuedTicket`, and the tables they are in beside `tickets t`. The number is by the codes that
/// the order got, so a ticket that was issued anew is counted by its original.
private let columns = """
    t.ticket_code, t.status, t.order_id, o.user_id, \
    (SELECT count(*) FROM tickets n WHERE n.order_id = t.order_id AND n.holder_id IS NULL \
                                          AND n.ticket_code <= coalesce(x.original_code, t.ticket_code)), \
    o.quantity, e.id, e.title, e.venue, e.event_date, coalesce(t.holder_id, o.user_id), h.name, h.email, \
    t.holder_id IS NOT NULL, t.created_at, t.used_at, r.gate, r.nonce, r.redeemed_by
    """
private let joins = """
    JOIN ticket_orders o ON o.id = t.order_id JOIN events e ON e.id = o.event_id \
    LEFT JOIN ticket_transfers x ON x.to_code = t.ticket_code \
    LEFT JOIN users h ON h.id = coalesce(t.holder_id, o.user_id) \
    LEFT JOIN ticket_redemptions r ON r.ticket_code = t.ticket_code
    """

extension IssuedTicket {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (
            codeText, status, order, buyer, number, count, event, title, venue, date, holder, name, email, isReceived,
            issuedAt, usedAt, gate, nonce, administrator
        ) = try row.decode(
            String.self, TicketStatus.self, OrderID.self, UserID.self, Int64.self, Int32.self, EventID.self,
            String.self, String.self, Date.self, UserID.self, String?.self, String?.self, Bool.self, Date.self,
            Date?.self, String?.self, String?.self, UserID?.self)
        guard let code = TicketCode(codeText) else { throw .unexpected("ticket code") }
        self.init(
            code: code, status: status, order: order, buyer: buyer, number: Int(number), count: Int(count),
            event: Event(id: event, title: title, venue: venue, date: date),
            holder: TicketHolder(id: holder, name: name, email: email), isReceived: isReceived, issuedAt: issuedAt,
            use: usedAt.map {
                Use(at: $0, gate: gate, nonce: nonce.flatMap { RedemptionNonce($0) }, administrator: administrator)
            })
    }
}

enum SelectTicket {
    static func query(_ code: TicketCode) -> PostgresQuery {
        """
        SELECT \(unescaped: columns) FROM tickets t \(unescaped: joins) WHERE t.ticket_code = \(code.text)
        """
    }
}

enum SelectTicketsOfOrder {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        SELECT \(unescaped: columns) FROM tickets t \(unescaped: joins)
        WHERE t.order_id = \(order) AND t.holder_id IS NULL ORDER BY t.ticket_code
        """
    }
}

/// What somebody bought and has not given away, and what somebody received and has not given away.
enum SelectTicketsOfHolder {
    static func query(_ holder: UserID, after cursor: PageCursor?, limit: Int) -> PostgresQuery {
        """
        SELECT \(unescaped: columns)
        FROM (
            SELECT b.* FROM ticket_orders p JOIN tickets b ON b.order_id = p.id
            WHERE p.user_id = \(holder) AND b.holder_id IS NULL AND b.status <> 'transferred'
            UNION ALL
            SELECT b.* FROM ticket_transfers p JOIN tickets b ON b.ticket_code = p.to_code
            WHERE p.to_id = \(holder) AND b.status <> 'transferred'
        ) t \(unescaped: joins)
        WHERE (t.created_at, md5(t.ticket_code)::uuid) < (
            coalesce(\(cursor?.date), 'infinity'),
            coalesce(\(cursor?.id), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
        ORDER BY t.created_at DESC, md5(t.ticket_code)::uuid DESC LIMIT \(limit)
        """
    }
}

enum SelectCustody {
    static func query(_ code: TicketCode) -> PostgresQuery {
        """
        SELECT x.created_at, f.id, f.name, f.email, r.id, r.name, r.email
        FROM ticket_transfers x LEFT JOIN users f ON f.id = x.from_id LEFT JOIN users r ON r.id = x.to_id
        WHERE x.original_code = coalesce(
                  (SELECT original_code FROM ticket_transfers WHERE to_code = \(code.text)), \(code.text))
              AND x.id <= coalesce(
                  (SELECT id FROM ticket_transfers WHERE from_code = \(code.text)), 9223372036854775807)
        ORDER BY x.id
        """
    }
}

extension TicketTransfer {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (at, from, fromName, fromEmail, to, toName, toEmail) = try row.decode(
            Date.self, UserID?.self, String?.self, String?.self, UserID?.self, String?.self, String?.self)
        self.init(
            from: from.map { TicketHolder(id: $0, name: fromName, email: fromEmail) },
            to: to.map { TicketHolder(id: $0, name: toName, email: toEmail) }, at: at)
    }
}

/// Lets somebody in. The ticket's row decides: of two gates, or of a gate and a transfer, the second waits for the
/// first and then finds a ticket that is no longer valid.
enum RedeemTicket {
    static func query(_ code: TicketCode, _ redemption: Redemption) -> PostgresQuery {
        """
        WITH admitted AS (
            UPDATE tickets t SET status = 'used', used_at = now()
            WHERE t.ticket_code = \(code.text) AND t.status = 'valid'
                  AND EXISTS (SELECT FROM ticket_orders WHERE id = t.order_id AND event_id = \(redemption.event))
            RETURNING t.ticket_code
        ), noted AS (
            INSERT INTO ticket_redemptions (ticket_code, redeemed_by, gate, nonce)
            SELECT ticket_code, \(redemption.administrator), \(redemption.gate), \(redemption.nonce.text) FROM admitted
            RETURNING ticket_code, redeemed_by, gate
        ), logged AS (
            INSERT INTO audit_log (actor_id, action, subject, before, after)
            SELECT redeemed_by, '\(unescaped: AuditAction.ticketRedeemed.rawValue)', ticket_code,
                   jsonb_build_object('status', 'valid'), jsonb_build_object('status', 'used', 'gate', gate)
            FROM noted
        )
        SELECT EXISTS (SELECT FROM admitted)
        """
    }
}

enum SelectRecipient {
    static func query(_ email: EmailAddress) -> PostgresQuery {
        "SELECT id FROM users WHERE lower(email) = lower(\(email.text)) AND deleted_at IS NULL"
    }
}

/// Hands a ticket on: its row ends, and another with a new code begins. The old row decides, as in `RedeemTicket`, so a
/// ticket has one holder at every instant. The order is locked before, as a refund does: the new row needs it.
enum TransferTicket {
    static func query(
        _ code: TicketCode, from giver: UserID, to recipient: UserID, as newCode: TicketCode
    ) -> PostgresQuery {
        """
        WITH held AS MATERIALIZED (
            SELECT id, user_id, event_id FROM ticket_orders
            WHERE id = (SELECT order_id FROM tickets WHERE ticket_code = \(code.text)) FOR KEY SHARE
        ), original AS MATERIALIZED (
            SELECT coalesce(
                (SELECT original_code FROM ticket_transfers WHERE to_code = \(code.text)), \(code.text)) AS code
        ), given AS (
            UPDATE tickets t SET status = 'transferred'
            FROM held o, events e
            WHERE t.ticket_code = \(code.text) AND t.status = 'valid' AND o.id = t.order_id AND e.id = o.event_id
                  AND coalesce(t.holder_id, o.user_id) = \(giver) AND e.event_date > now()
                  AND (SELECT count(*) FROM ticket_transfers
                       WHERE original_code = (SELECT code FROM original)) < \(Limits.transfers)
            RETURNING t.ticket_code, t.order_id
        ), issued AS (
            INSERT INTO tickets (ticket_code, order_id, holder_id)
            SELECT \(newCode.text), order_id, \(recipient) FROM given
        ), noted AS (
            INSERT INTO ticket_transfers (original_code, from_code, to_code, from_id, to_id)
            SELECT (SELECT code FROM original), ticket_code, \(newCode.text), \(giver), \(recipient) FROM given
        ), mailed AS (
            INSERT INTO mails (kind, user_id, parameters)
            SELECT 'ticket_received', \(recipient), jsonb_build_object('ticket', \(newCode.text)::text) FROM given
        )
        SELECT EXISTS (SELECT FROM given)
        """
    }
}
