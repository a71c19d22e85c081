import PostgresClient
import Ticketing

/// Takes due messages, without waiting for those that another worker is taking. A message waits for those of its order
/// before it.
enum ClaimMessages {
    static func query(limit: Int, hidden: Duration) -> PostgresQuery {
        """
        UPDATE outbox
        SET attempts = attempts + 1, next_try = now() + \(hidden.milliseconds) * interval '1 millisecond'
        WHERE id = ANY (ARRAY(
            SELECT id FROM outbox o
            WHERE delivered_at IS NULL AND dead_at IS NULL AND kind <> 'release' AND next_try <= now()
                  AND NOT EXISTS (
                      SELECT FROM outbox e
                      WHERE e.order_id = o.order_id AND e.id < o.id
                            AND e.delivered_at IS NULL AND e.dead_at IS NULL AND e.kind <> 'release')
            ORDER BY next_try LIMIT \(limit) FOR UPDATE SKIP LOCKED))
        RETURNING id, kind, order_id, attempts
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> OutboxMessage {
        let (id, kind, order, attempts) = try row.decode(Int64.self, String.self, OrderID.self, Int32.self)
        guard let kind = OutboxMessage.Kind(rawValue: kind) else { throw .unexpected("kind of an outbox message") }
        return OutboxMessage(id: id, kind: kind, order: order, attempts: Int(attempts))
    }
}

enum MarkMessageFailed {
    static func query(_ id: Int64, _ failure: String, pause: Duration?) -> PostgresQuery {
        """
        UPDATE outbox SET failure = \(failure), dead_at = CASE WHEN \(pause == nil) THEN now() END,
                          next_try = now() + \((pause ?? .zero).milliseconds) * interval '1 millisecond'
        WHERE id = \(id) AND delivered_at IS NULL
        """
    }
}

/// The charge that nobody knew of when the order was cancelled, its refund, and the order's last state.
enum RecordRefund {
    static func query(_ order: OrderID, charge: String, refund: String) -> PostgresQuery {
        """
        WITH changed AS (
            UPDATE ticket_orders SET status = 'refunded', updated_at = now()
            WHERE id = \(order) AND status = 'cancelled'
            RETURNING id, partition, total_amount, currency
        ), recorded AS (
            INSERT INTO payments (order_id, kind, status, amount, currency, reference)
            SELECT c.id, p.kind, p.status, c.total_amount, c.currency, p.reference
            FROM changed c, (VALUES ('charge', 'captured', \(charge)), ('refund', 'refunded', \(refund)))
                 AS p (kind, status, reference)
        )
        INSERT INTO unpublished_settlements (partition, orders) SELECT partition, ARRAY[id] FROM changed
        """
    }
}

/// Cancels a pending order for its buyer: units back to the stock, with the release of Redis' and the void of the charge
/// in the outbox. One whose hold has ended is left to the provider's answer, which is all that it waits for. The order's row decides against a settlement at the same instant; the event's row is locked last, as
/// there.
enum CancelOrder {
    static func query(_ id: OrderID, _ user: UserID) -> PostgresQuery {
        """
        WITH changed AS (
            UPDATE ticket_orders
            SET status = 'cancelled', failure_code = \(CancellationReason.cancelledByBuyer.rawValue), updated_at = now()
            WHERE id = \(id) AND user_id = \(user) AND status = 'pending' AND NOT hold_ended
            RETURNING id, partition, event_id, user_id, quantity, total_amount, created_at
        ), ended AS (
            DELETE FROM pending_orders p USING changed c
            WHERE p.partition = c.partition AND p.created_at = c.created_at AND p.order_id = c.id
        ), sent AS (
            INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
            SELECT k.kind, partition, event_id, id, user_id, quantity
            FROM changed, (VALUES ('release'), ('void')) AS k (kind) WHERE k.kind = 'release' OR total_amount > 0
        ), listed AS (
            INSERT INTO unpublished_settlements (partition, orders) SELECT partition, ARRAY[id] FROM changed
        )
        UPDATE events SET available_tickets = available_tickets + c.quantity FROM changed c WHERE events.id = c.event_id
        """
    }
}

/// Stores an order that no lane has committed as cancelled. When it is still on the stream, its lane finds it here, takes
/// the entry for a second acceptance, and gives Redis' units back.
enum InsertCancelledOrder {
    static func query(_ intent: Intent, _ reason: CancellationReason) -> PostgresQuery {
        """
        INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency, payment_method,
                                   status, failure_code, stream_id)
        VALUES (\(intent.order), \(intent.user), \(intent.event), \(Int16(intent.order.partition.number)),
                \(Int32(intent.quantity)), \(intent.total.amount) * 0.01, \(intent.total.currency),
                \(intent.paymentMethod.text), 'cancelled', \(reason.rawValue), '')
        ON CONFLICT (id) DO NOTHING
        """
    }
}
