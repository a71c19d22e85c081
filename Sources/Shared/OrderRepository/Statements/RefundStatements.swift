import Foundation
import PostgresClient
import Ticketing

/// Has two who change one order stand in line.
enum LockOrder {
    static func query(_ id: OrderID) -> PostgresQuery {
        "SELECT id FROM ticket_orders WHERE id = \(id) FOR UPDATE"
    }
}

/// What a key was used for, of the refunds of an order.
enum SelectRefundRequest {
    static func query(_ order: OrderID, _ key: IdempotencyKey) -> PostgresQuery {
        "SELECT request FROM refunds WHERE order_id = \(order) AND idempotency_key = \(key.text)"
    }
}

/// An order's tickets under the codes they have now: of each that was handed on the last.
enum SelectLiveTickets {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        SELECT coalesce(x.original_code, t.ticket_code), t.ticket_code, t.status
        FROM tickets t LEFT JOIN ticket_transfers x ON x.to_code = t.ticket_code
        WHERE t.order_id = \(order) AND t.status <> 'transferred' ORDER BY 1
        """
    }
}

extension LiveTicket {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (original, code, status) = try row.decode(String.self, String.self, TicketStatus.self)
        guard let original = TicketCode(original), let code = TicketCode(code) else {
            throw .unexpected("ticket code")
        }
        self.init(original: original, code: code, status: status)
    }
}

/// A gate may use a ticket at the same instant, or its holder hand it on: the row decides.
enum CancelTickets {
    static func query(_ order: OrderID, _ codes: [TicketCode]) -> PostgresQuery {
        """
        UPDATE tickets SET status = 'cancelled'
        WHERE order_id = \(order) AND ticket_code = ANY (\(codes.map(\.text))) AND status = 'valid'
        """
    }
}

/// Asks for a refund: its row, and the message that carries it out unless there is nothing to pay. Those who were
/// handed one of the tickets are told that it is void. When no ticket is left, the order ends and its units go back to
/// the stock, with the release of Redis'. The event's row is locked last, as in a settlement.
enum InsertRefund {
    static func query(_ id: UUID, _ plan: RefundPlan, _ request: RefundRequest) -> PostgresQuery {
        let status: OrderRefund.Status = plan.amount.amount > 0 ? .requested : .refunded
        return """
            WITH changed AS (
                UPDATE ticket_orders
                SET status = CASE WHEN \(plan.isWhole) THEN 'refunded' ELSE status END, updated_at = now()
                WHERE id = \(request.order)
                RETURNING id, partition, event_id, user_id, quantity
            ), refund AS (
                INSERT INTO refunds (id, order_id, cause, status, amount, currency, tickets, reason, actor_id,
                                     idempotency_key, request)
                SELECT \(id), id, 'admin', \(status.rawValue), \(plan.amount.amount) * 0.01, \(plan.amount.currency),
                       \(plan.tickets.map(\.text)), \(request.reason), \(request.actor), \(request.key?.text),
                       \(request.fingerprint)
                FROM changed
            ), sent AS (
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity, refund_id)
                SELECT 'refund', partition, event_id, id, user_id, \(Int32(plan.tickets.count)), \(id) FROM changed
                WHERE \(plan.amount.amount) > 0
            ), released AS (
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'release', partition, event_id, id, user_id, quantity FROM changed WHERE \(plan.isWhole)
            ), listed AS (
                INSERT INTO unpublished_settlements (partition, orders)
                SELECT partition, ARRAY[id] FROM changed WHERE \(plan.isWhole)
            ), mailed AS (
                INSERT INTO mails (kind, user_id, order_id, parameters)
                SELECT 'order_refunded', user_id, id, \(SettleRefund.parameters(plan.amount))::jsonb FROM changed
                WHERE \(plan.amount.amount) = 0
            ), told AS (
                INSERT INTO mails (kind, user_id, parameters)
                SELECT 'ticket_void', holder_id, jsonb_build_object('ticket', ticket_code) FROM tickets
                WHERE ticket_code = ANY (\(plan.tickets.map(\.text))) AND holder_id IS NOT NULL
            ), noted AS (
                INSERT INTO audit_log (actor_id, action, subject, after)
                SELECT \(request.actor), '\(unescaped: AuditAction.orderRefunded.rawValue)', id::text,
                       jsonb_build_object('refund', \(id.text)::text, 'amount', \(plan.amount.amount)::bigint,
                                          'tickets', to_jsonb(\(plan.tickets.map(\.text))),
                                          'reason', \(request.reason)::text)
                FROM changed
            )
            UPDATE events SET available_tickets = available_tickets + c.quantity
            FROM changed c WHERE events.id = c.event_id AND \(plan.isWhole)
            """
    }
}

/// Notes that the provider has made a refund: in its row, as a payment, and as a mail to the buyer.
enum SettleRefund {
    static func query(_ id: UUID, reference: String) -> PostgresQuery {
        """
        WITH changed AS (
            UPDATE refunds SET status = 'refunded', reference = \(reference), failure = NULL, updated_at = now()
            WHERE id = \(id) AND status <> 'refunded'
            RETURNING order_id, amount, currency
        ), mailed AS (
            INSERT INTO mails (kind, user_id, order_id, parameters)
            SELECT 'order_refunded', o.user_id, o.id,
                   jsonb_build_object('amount', (c.amount * 100)::bigint, 'currency', c.currency::text)
            FROM changed c JOIN ticket_orders o ON o.id = c.order_id
        )
        INSERT INTO payments (order_id, kind, status, amount, currency, reference)
        SELECT order_id, 'refund', 'refunded', amount, currency, \(reference) FROM changed
        """
    }

    /// What a mail about a refund says.
    static func parameters(_ amount: Money) -> String {
        "{\"amount\": \(amount.amount), \"currency\": \"\(amount.currency.rawValue)\"}"
    }
}

/// Keeps what a provider has told of for a month, and wakes the messages that wait for it on behalf of the
/// order after an attempt has failed. Gives a row, with the order, when the event is new.
///
/// An event that names a charge alone is a dispute, which is rare: its order is looked for among all payments, since an
/// index would cost every sale.
enum InsertProviderEvent {
    static func query(_ event: ProviderEvent) -> PostgresQuery {
        """
        WITH noted AS (
            INSERT INTO provider_events (id, kind, order_id, object)
            VALUES (\(event.id), \(event.kind),
                    coalesce(\(event.order), (SELECT order_id FROM payments
                                              WHERE kind = 'charge' AND reference = \(event.charge) LIMIT 1)),
                    \(event.object))
            ON CONFLICT (id) DO NOTHING RETURNING order_id
        ), forgotten AS (
            DELETE FROM provider_events WHERE id IN (
                SELECT id FROM provider_events WHERE received_at < now() - interval '30 days'
                ORDER BY received_at LIMIT 10 FOR UPDATE SKIP LOCKED)
        ), woken AS (
            UPDATE outbox SET next_try = now()
            WHERE order_id = (SELECT order_id FROM noted) AND delivered_at IS NULL AND dead_at IS NULL
                  AND kind <> 'release' AND failure IS NOT NULL
        )
        SELECT order_id FROM noted
        """
    }
}
