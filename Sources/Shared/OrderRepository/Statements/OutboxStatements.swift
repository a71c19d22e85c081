import Foundation
import PostgresClient
import Ticketing

/// Takes due messages, without waiting for those that another worker is taking. A message waits for those of its order
/// before it. Kinds that only a newer version knows are left to workers of that version.
enum ClaimMessages {
    static func query(limit: Int, hidden: Duration) -> PostgresQuery {
        """
        WITH claimed AS (
            UPDATE outbox
            SET attempts = attempts + 1, next_try = now() + \(hidden.milliseconds) * interval '1 millisecond'
            WHERE id = ANY (ARRAY(
                SELECT id FROM outbox o
                WHERE delivered_at IS NULL AND dead_at IS NULL AND kind <> 'release' AND next_try <= now()
                      AND kind = ANY (\(OutboxMessage.Kind.allCases.map(\.rawValue)))
                      AND NOT EXISTS (
                          SELECT FROM outbox e
                          WHERE e.order_id = o.order_id AND e.id < o.id
                                AND e.delivered_at IS NULL AND e.dead_at IS NULL AND e.kind <> 'release')
                ORDER BY next_try LIMIT \(limit) FOR UPDATE SKIP LOCKED))
            RETURNING id, kind, order_id, attempts, generation, refund_id
        )
        SELECT c.id, c.kind, c.order_id, c.attempts, c.generation, (o.total_amount * 100)::bigint, o.currency,
               o.payment_method, r.id, (r.amount * 100)::bigint, p.reference
        FROM claimed c
             LEFT JOIN LATERAL (
                 SELECT total_amount, currency, payment_method FROM ticket_orders WHERE id = c.order_id OFFSET 0
             ) o ON true
             LEFT JOIN LATERAL (SELECT id, amount FROM refunds WHERE id = c.refund_id OFFSET 0) r ON true
             LEFT JOIN LATERAL (
                 SELECT reference FROM payments
                 WHERE order_id = c.order_id AND kind = 'charge' AND status = 'captured' OFFSET 0
             ) p ON true
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> OutboxMessage {
        let (id, kind, order, attempts, generation, total, currency, method, refund, amount, charge) = try row.decode(
            Int64.self, String.self, OrderID.self, Int32.self, Int32.self, Int64?.self, Currency?.self, String?.self,
            UUID?.self, Int64?.self, String?.self)
        guard let kind = OutboxMessage.Kind(rawValue: kind) else { throw .unexpected("kind of an outbox message") }
        var message = OutboxMessage(
            id: id, kind: kind, order: order, attempts: Int(attempts), generation: Int(generation))
        guard let total, let currency, let method = method.flatMap({ PaymentMethod($0) }) else { return message }
        message.payment = OutboxMessage.Payment(
            total: try Money(minorUnits: total, currency: currency), method: method)
        guard let refund, let amount, let charge else { return message }
        message.refund = OutboxMessage.Refund(
            id: refund, amount: try Money(minorUnits: amount, currency: currency), charge: charge)
        return message
    }
}

enum MarkMessageFailed {
    static func query(_ id: Int64, _ failure: String, pause: Duration) -> PostgresQuery {
        """
        UPDATE outbox SET failure = \(failure), next_try = now() + \(pause.milliseconds) * interval '1 millisecond'
        WHERE id = \(id) AND delivered_at IS NULL
        """
    }
}

/// Keeps a message as dead and notes the failed refund, if it was to make one: in its row, and as a payment. A payment
/// that counted as made and has failed since is that row.
enum GiveUpMessage {
    static func query(_ message: OutboxMessage, _ failure: String, refund: String?) -> PostgresQuery {
        """
        WITH dead AS (
            UPDATE outbox SET failure = \(failure), dead_at = now()
            WHERE id = \(message.id) AND generation = \(Int32(message.generation)) AND delivered_at IS NULL
            RETURNING order_id, refund_id
        ), failed AS (
            UPDATE refunds r
            SET status = 'failed', failure = \(failure), reference = coalesce(\(refund), r.reference),
                updated_at = now()
            FROM dead d
            WHERE r.id = d.refund_id AND (r.status = 'requested' OR r.status = 'refunded' AND r.reference = \(refund))
            RETURNING r.order_id, r.amount, r.currency
        ), returned AS (
            UPDATE payments p SET status = 'failed' FROM dead d
            WHERE p.order_id = d.order_id AND p.kind = 'refund' AND p.status = 'refunded' AND p.reference = \(refund)
            RETURNING p.id
        )
        INSERT INTO payments (order_id, kind, status, amount, currency, reference)
        SELECT order_id, 'refund', 'failed', amount, currency, coalesce(\(refund), '') FROM failed
        WHERE NOT EXISTS (SELECT FROM returned)
        """
    }
}

/// The charge that nobody knew of when the order was cancelled, its refund, and the order's last state. When a refund
/// that had failed since is made at last, that is one more payment.
enum RecordRefund {
    static func query(_ order: OrderID, charge: String, refund: String) -> PostgresQuery {
        """
        WITH changed AS (
            UPDATE ticket_orders SET status = 'refunded', updated_at = now()
            WHERE id = \(order) AND status = 'cancelled'
            RETURNING id, partition, user_id, total_amount, currency
        ), again AS (
            SELECT id, user_id, total_amount, currency FROM ticket_orders o
            WHERE id = \(order) AND status = 'refunded'
                  AND EXISTS (SELECT FROM payments WHERE order_id = o.id AND kind = 'refund' AND status = 'failed')
                  AND NOT EXISTS (SELECT FROM payments
                                  WHERE order_id = o.id AND kind = 'refund' AND status = 'refunded')
        ), recorded AS (
            INSERT INTO payments (order_id, kind, status, amount, currency, reference)
            SELECT id, 'charge', 'captured', total_amount, currency, \(charge) FROM changed
            UNION ALL SELECT id, 'refund', 'refunded', total_amount, currency, \(refund) FROM changed
            UNION ALL SELECT id, 'refund', 'refunded', total_amount, currency, \(refund) FROM again
        ), mailed AS (
            INSERT INTO mails (kind, user_id, order_id)
            SELECT 'order_refunded', user_id, id FROM changed UNION ALL SELECT 'order_refunded', user_id, id FROM again
        )
        INSERT INTO unpublished_settlements (partition, orders) SELECT partition, ARRAY[id] FROM changed
        """
    }
}

/// Cancels pending orders: units back to the stock, with the release of Redis' and the void of the charge in the
/// outbox. Those whose hold has ended are left to the provider's answer, which is all that they wait for. An order's
/// row decides against a settlement at the same instant; the event's row is locked last, as there. Buyers get a mail
/// unless they have cancelled themselves, who are told at once; should money have to be given back, that is one.
enum CancelPendingOrders {
    /// - Parameter buyer: Only orders of this user; nil: of anybody.
    static func query(_ orders: [OrderID], of buyer: UserID?, _ reason: CancellationReason) -> PostgresQuery {
        """
        WITH changed AS (
            UPDATE ticket_orders SET status = 'cancelled', failure_code = \(reason.rawValue), updated_at = now()
            WHERE id = ANY (\(orders)) AND user_id = coalesce(\(buyer), user_id) AND status = 'pending'
                  AND NOT hold_ended
            RETURNING id, partition, event_id, user_id, quantity, total_amount, created_at
        ), ended AS (
            DELETE FROM pending_orders p USING changed c
            WHERE p.partition = c.partition AND p.created_at = c.created_at AND p.order_id = c.id
        ), sent AS (
            INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
            SELECT k.kind, partition, event_id, id, user_id, quantity
            FROM changed, (VALUES ('release'), ('void')) AS k (kind) WHERE k.kind = 'release' OR total_amount > 0
        ), listed AS (
            INSERT INTO unpublished_settlements (partition, orders)
            SELECT partition, array_agg(id) FROM changed GROUP BY partition
        ), mailed AS (
            INSERT INTO mails (kind, user_id, order_id)
            SELECT 'order_cancelled', user_id, id FROM changed WHERE \(reason != .cancelledByBuyer)
        )
        UPDATE events SET available_tickets = available_tickets + t.units
        FROM (SELECT event_id, sum(quantity) AS units FROM changed GROUP BY event_id) t WHERE events.id = t.event_id
        """
    }
}

/// Stores an order that no lane has committed as cancelled. When it is still on the stream, its lane finds it here,
/// takes the entry for a second acceptance, and gives Redis' units back. A mail tells of it unless the buyer has
/// cancelled it.
enum InsertCancelledOrder {
    static func query(_ intent: Intent, _ reason: CancellationReason) -> PostgresQuery {
        """
        WITH inserted AS (
            INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency,
                                       payment_method, status, failure_code, stream_id)
            VALUES (\(intent.order), \(intent.user), \(intent.event), \(Int16(intent.order.partition.number)),
                    \(Int32(intent.quantity)), \(intent.total.amount) * 0.01, \(intent.total.currency),
                    \(intent.paymentMethod.text), 'cancelled', \(reason.rawValue), '')
            ON CONFLICT (id) DO NOTHING
            RETURNING id, user_id
        ), mailed AS (
            INSERT INTO mails (kind, user_id, order_id)
            SELECT 'order_cancelled', user_id, id FROM inserted WHERE \(reason != .cancelledByBuyer)
        )
        SELECT id FROM inserted
        """
    }
}

/// A void for a cancelled order whose charge nothing ends: no message waits, none was given up on, nothing was
/// refunded. An order that is refunded although it was confirmed has refunds of its own, and gets none.
enum InsertVoid {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
        SELECT 'void', partition, event_id, id, user_id, quantity FROM ticket_orders o
        WHERE id = \(order) AND status IN ('cancelled', 'refunded')
              AND NOT EXISTS (SELECT FROM payments WHERE order_id = o.id AND kind = 'refund')
              AND NOT EXISTS (SELECT FROM refunds WHERE order_id = o.id)
              AND NOT EXISTS (SELECT FROM outbox WHERE order_id = o.id AND kind <> 'release'
                              AND delivered_at IS NULL AND dead_at IS NULL)
              AND NOT EXISTS (SELECT FROM outbox WHERE order_id = o.id
                              AND delivered_at IS NULL AND dead_at IS NOT NULL)
        """
    }
}

enum SelectOutboxDepth {
    static let query: PostgresQuery = """
        SELECT count(*) FILTER (WHERE dead_at IS NULL),
               coalesce((extract(epoch FROM now() - min(created_at) FILTER (WHERE dead_at IS NULL)) * 1000)::bigint, 0),
               count(*) FILTER (WHERE dead_at IS NOT NULL)
        FROM outbox WHERE delivered_at IS NULL
        """

    static func decode(_ row: PostgresRow) throws(PostgresError) -> OutboxDepth {
        let (waiting, oldest, dead) = try row.decode(Int64.self, Int64.self, Int64.self)
        return OutboxDepth(waiting: Int(waiting), oldest: .milliseconds(oldest), dead: Int(dead))
    }
}

enum SelectOutboxRows {
    static func query(areDead: Bool, limit: Int) -> PostgresQuery {
        """
        SELECT id, kind, event_id, order_id, quantity, attempts, created_at, next_try, failure, dead_at
        FROM outbox WHERE delivered_at IS NULL AND (NOT \(areDead) OR dead_at IS NOT NULL) ORDER BY id LIMIT \(limit)
        """
    }
}

extension OutboxRow {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (id, kind, event, order, quantity, attempts, createdAt, nextTry, failure, deadAt) = try row.decode(
            Int64.self, String.self, EventID.self, OrderID.self, Int32.self, Int32.self, Date.self, Date.self,
            String?.self, Date?.self)
        self.init(
            id: id, kind: kind, event: event, order: order, quantity: Int(quantity), attempts: Int(attempts),
            createdAt: createdAt, nextTry: nextTry, failure: failure, deadAt: deadAt)
    }
}

/// Attempts start anew, so that the pauses do too. What was given up on is another request to the provider from now on,
/// which keeps its refusal of the one before. Releases are their lane's, which tries them all the time.
enum RetryMessage {
    static func query(_ id: Int64) -> PostgresQuery {
        """
        WITH retried AS (
            UPDATE outbox SET generation = generation + (dead_at IS NOT NULL)::integer, dead_at = NULL,
                              next_try = now(), attempts = 0
            WHERE id = \(id) AND delivered_at IS NULL AND kind <> 'release'
            RETURNING id, refund_id
        ), asked AS (
            UPDATE refunds r SET status = 'requested', failure = NULL, updated_at = now()
            FROM retried t WHERE r.id = t.refund_id AND r.status = 'failed'
        )
        SELECT id FROM retried
        """
    }
}

/// Has delivered messages that may have made a refund carried out again: they find it at the provider as it is now.
enum ReviewRefunds {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        UPDATE outbox SET delivered_at = NULL, next_try = now(), attempts = 0
        WHERE order_id = \(order) AND kind IN ('void', 'refund') AND delivered_at IS NOT NULL
        """
    }
}
