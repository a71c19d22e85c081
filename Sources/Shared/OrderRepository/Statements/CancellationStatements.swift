import Foundation
import PostgresClient
import Ticketing

/// Closes an event's sale for good; its new revision tells the lane.
enum CancelEvent {
    static func query(_ id: EventID, reason: String?) -> PostgresQuery {
        """
        UPDATE events SET cancelled_at = now(), cancel_reason = \(reason), sale_state = 'closed',
                          revision = revision + 1, updated_at = now()
        WHERE id = \(id) AND cancelled_at IS NULL
        """
    }
}

/// Keeps new orders of an event out, whose foreign key needs its row.
enum LockEvent {
    static func query(_ id: EventID) -> PostgresQuery { "SELECT id FROM events WHERE id = \(id) FOR UPDATE" }
}

/// Whether an event has orders, and whether buyers may be about to order. A sale that was closed a moment ago may still
/// be open in Redis, and what was accepted there waits on the stream: gone are its orders when the event is.
enum SelectEventUse {
    /// Redis follows within a second, and an entry waits for some batches.
    private static let rest: Duration = .seconds(10)

    static func query(_ id: EventID) -> PostgresQuery {
        """
        SELECT EXISTS (SELECT FROM ticket_orders WHERE event_id = e.id),
               stock_epoch > 0 AND (sale_state <> 'closed'
                                    OR updated_at > now() - \(rest.milliseconds) * interval '1 millisecond')
        FROM events e WHERE id = \(id)
        """
    }
}

enum DeleteEvent {
    static func query(_ id: EventID) -> PostgresQuery { "DELETE FROM events WHERE id = \(id)" }
}

enum SelectCancelledEvents {
    static func query(limit: Int) -> PostgresQuery {
        "SELECT id FROM events WHERE cancelled_at IS NOT NULL ORDER BY cancelled_at DESC LIMIT \(limit)"
    }
}

/// Takes a page of an event's orders by their time, without waiting for those that somebody else is at.
enum LockOrdersOfEvent {
    /// From the first one on when `order` is nil or gone.
    static func query(_ event: EventID, status: OrderStatus, after order: OrderID?, limit: Int) -> PostgresQuery {
        """
        SELECT id FROM ticket_orders
        WHERE event_id = \(event) AND status = \(status) AND NOT hold_ended
              AND (created_at, id) > (
                  coalesce((SELECT created_at FROM ticket_orders WHERE id = \(order)), '-infinity'),
                  coalesce(\(order), '00000000-0000-0000-0000-000000000000'))
        ORDER BY created_at, id LIMIT \(limit) FOR UPDATE SKIP LOCKED
        """
    }
}

/// Ends locked confirmed orders of a cancelled event: each gets back what it has not got yet. Buyers are told at once,
/// and again when the provider has given the money back; so are those who were handed a ticket.
enum RefundConfirmedOrders {
    static func query(_ orders: [OrderID]) -> PostgresQuery {
        """
        WITH due AS MATERIALIZED (
            SELECT id, gen_random_uuid() AS refund_id,
                   total_amount - coalesce((SELECT sum(amount) FROM refunds r WHERE r.order_id = o.id), 0) AS amount
            FROM ticket_orders o WHERE id = ANY (\(orders)) AND status = 'confirmed'
        ), changed AS (
            UPDATE ticket_orders o
            SET status = 'refunded', failure_code = \(CancellationReason.eventCancelled.rawValue), updated_at = now()
            FROM due d WHERE o.id = d.id
            RETURNING o.id, o.partition, o.event_id, o.user_id, o.quantity, o.currency, d.refund_id, d.amount
        ), taken AS (
            UPDATE tickets t SET status = 'cancelled' FROM changed c WHERE t.order_id = c.id AND t.status = 'valid'
            RETURNING t.ticket_code, t.holder_id
        ), refund AS (
            INSERT INTO refunds (id, order_id, cause, status, amount, currency, tickets)
            SELECT refund_id, id, 'event_cancelled', CASE WHEN amount > 0 THEN 'requested' ELSE 'refunded' END, amount,
                   currency, array(SELECT ticket_code FROM tickets WHERE order_id = c.id AND status = 'valid')
            FROM changed c
        ), sent AS (
            INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity, refund_id)
            SELECT 'refund', partition, event_id, id, user_id, quantity, refund_id FROM changed WHERE amount > 0
        ), released AS (
            INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
            SELECT 'release', partition, event_id, id, user_id, quantity FROM changed
        ), listed AS (
            INSERT INTO unpublished_settlements (partition, orders)
            SELECT partition, array_agg(id) FROM changed GROUP BY partition
        ), mailed AS (
            INSERT INTO mails (kind, user_id, order_id) SELECT 'order_cancelled', user_id, id FROM changed
        ), told AS (
            INSERT INTO mails (kind, user_id, parameters)
            SELECT 'ticket_void', holder_id, jsonb_build_object('ticket', ticket_code) FROM taken
            WHERE holder_id IS NOT NULL
        )
        UPDATE events SET available_tickets = available_tickets + t.units
        FROM (SELECT event_id, sum(quantity) AS units FROM changed GROUP BY event_id) t WHERE events.id = t.event_id
        """
    }
}
