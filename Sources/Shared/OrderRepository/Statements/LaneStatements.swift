import Foundation
import PostgresClient
import Ticketing

/// Commits a batch of intents in one statement: what is new is inserted, in the order of the ids so that two writers
/// cannot deadlock (P14), and the stock falls by what was really inserted (P15).
///
/// The fence is a share lock on the lease row: a lane whose epoch has passed selects no row and so inserts nothing,
/// and a take-over waits for the statements that still hold the lock. A share lock, not an update, so that a lane's
/// commit and settlement can run at the same time. The events' rows are touched last (Postgres runs a CTE that
/// nothing reads after the main query; only the checks of the foreign keys and the commit follow), and in the order of
/// their ids, since the settlement locks them too.
enum CommitBatch {
    static func query(_ batch: [QueuedIntent], _ lease: Lease) -> PostgresQuery {
        let partition = Int16(lease.partition.number)
        return """
            WITH lease AS MATERIALIZED (
                SELECT 1 FROM worker_leases WHERE partition = \(partition) AND epoch = \(lease.epoch) FOR SHARE
            ), inserted AS (
                INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency,
                                           payment_method, status, stream_id)
                SELECT b.id, b.user_id, b.event_id, \(partition), b.quantity, b.amount * 0.01, b.currency,
                       b.method, 'pending', b.entry
                FROM unnest(\(batch.map(\.intent.order)), \(batch.map(\.intent.user)), \(batch.map(\.intent.event)),
                            \(batch.map { Int32($0.intent.quantity) }), \(batch.map(\.intent.total.amount)),
                            \(batch.map(\.intent.total.currency)), \(batch.map(\.intent.paymentMethod.text)),
                            \(batch.map(\.entry.text)))
                     AS b (id, user_id, event_id, quantity, amount, currency, method, entry), lease
                ORDER BY b.id
                ON CONFLICT (id) DO NOTHING
                RETURNING id, created_at, stream_id, event_id, quantity
            ), waiting AS (
                INSERT INTO pending_orders (partition, created_at, order_id)
                SELECT \(partition), created_at, id FROM inserted
            ), stock AS (
                SELECT e.id, t.units
                FROM (SELECT event_id, sum(quantity) AS units FROM inserted GROUP BY event_id ORDER BY event_id) t,
                     LATERAL (SELECT id FROM events WHERE id = t.event_id OFFSET 0 FOR NO KEY UPDATE) e
            ), taken AS (
                UPDATE events SET available_tickets = available_tickets - stock.units
                FROM stock WHERE events.id = stock.id
            )
            SELECT EXISTS (SELECT FROM lease), coalesce((SELECT array_agg(stream_id) FROM inserted), '{}')
            """
    }

    /// Whether the lease held, and the entries whose orders were inserted.
    static func decode(_ row: PostgresRow) throws(PostgresError) -> (held: Bool, inserted: Set<StreamEntryID>) {
        let (held, inserted) = try row.decode(Bool.self, [String].self)
        return (held, Set(inserted.map(StreamEntryID.init)))
    }
}

/// Stores a refused intent as a cancelled order, with a release of the units that only Redis took.
enum RefuseIntent {
    static func query(_ queued: QueuedIntent, _ reason: CancellationReason, _ lease: Lease) -> PostgresQuery {
        let intent = queued.intent
        let partition = Int16(lease.partition.number)
        return """
            WITH lease AS MATERIALIZED (
                SELECT 1 FROM worker_leases WHERE partition = \(partition) AND epoch = \(lease.epoch) FOR SHARE
            ), inserted AS (
                INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency,
                                           payment_method, status, failure_code, stream_id)
                SELECT \(intent.order), \(intent.user), \(intent.event), \(partition), \(Int32(intent.quantity)),
                       \(intent.total.amount) * 0.01, \(intent.total.currency), \(intent.paymentMethod.text),
                       'cancelled', \(reason.rawValue), \(queued.entry.text) FROM lease
                ON CONFLICT (id) DO NOTHING
                RETURNING event_id, id, user_id, quantity
            ), released AS (
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'release', \(partition), event_id, id, user_id, quantity FROM inserted
            ), mailed AS (
                INSERT INTO mails (kind, user_id, order_id) SELECT 'order_cancelled', user_id, id FROM inserted
            )
            SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM inserted)
            """
    }
}

/// How orders that were there before stand, with the tickets they were issued.
enum SelectKnownOrders {
    static func query(_ ids: [OrderID]) -> PostgresQuery {
        """
        SELECT o.id, o.stream_id, o.status, o.failure_code,
               array(SELECT ticket_code FROM tickets t
                     WHERE t.order_id = o.id AND t.holder_id IS NULL ORDER BY ticket_code)
        FROM ticket_orders o WHERE o.id = ANY (\(ids))
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (OrderID, KnownOrder) {
        let (id, entry, status, reason, codes) = try row.decode(
            OrderID.self, String.self, OrderStatus.self, CancellationReason?.self, [String].self)
        let state = SettledOrder(
            id: id, status: status, reason: reason, tickets: codes.compactMap { TicketCode($0) })
        return (id, KnownOrder(entry: StreamEntryID(entry), state: state))
    }
}

/// Ends pending orders in one statement: tickets and the charge for the confirmed ones; for the cancelled ones the
/// units go back to the stock and a release goes to the outbox, with a void of the charge where the provider's answer
/// is not known. An order that is no longer pending is left alone (I9). One whose hold has ended has no units: it can
/// only be cancelled here, and returns none. Either way the buyer is to get a mail. The batch is noted as unpublished
/// in the same step. The fence and the order of the locks are those of `CommitBatch`.
///
/// A join would leave it to the planner which side to look up in the other, and a plan made while the tables had a few
/// rows, kept for the session, reads them from end to end when they have a million (P39). `LATERAL … OFFSET 0` leaves
/// one way: from the batch to each row by its key. An update has no such form, so it takes the row by its place; a row
/// that was moved in between is no longer pending, and is left alone.
enum SettleOrders {
    static func query(_ settlements: [Settlement], _ lease: Lease) -> PostgresQuery {
        let partition = Int16(lease.partition.number)
        // An array in SQL has rows of one length, orders have not: an order's codes travel as one text.
        let codes = settlements.map { $0.order.tickets.map(\.text).joined(separator: " ") }
        return """
            WITH lease AS MATERIALIZED (
                SELECT 1 FROM worker_leases WHERE partition = \(partition) AND epoch = \(lease.epoch) FOR SHARE
            ), found AS MATERIALIZED (
                SELECT s.*, o.place
                FROM unnest(\(settlements.map(\.order.id)), \(settlements.map(\.order.status)),
                            \(settlements.map(\.order.reason?.rawValue)), \(settlements.map(\.paymentReference)),
                            \(codes)) AS s (id, status, failure, reference, codes), lease,
                     LATERAL (SELECT ctid AS place FROM ticket_orders WHERE id = s.id OFFSET 0) o
                ORDER BY s.id
            ), changed AS (
                UPDATE ticket_orders o
                SET status = f.status, failure_code = f.failure, updated_at = now()
                FROM found f
                WHERE o.ctid = f.place AND o.status = 'pending' AND (NOT o.hold_ended OR f.status = 'cancelled')
                RETURNING o.id, o.created_at, o.event_id, o.user_id, o.quantity, o.status, o.total_amount, o.currency,
                          o.hold_ended, f.reference, f.codes
            ), ended AS (
                DELETE FROM pending_orders WHERE ctid = ANY (ARRAY(
                    SELECT p.place
                    FROM changed c,
                         LATERAL (SELECT ctid AS place FROM pending_orders WHERE partition = \(partition)
                                  AND created_at = c.created_at AND order_id = c.id OFFSET 0) p))
            ), given_up AS (
                DELETE FROM overdue_orders WHERE ctid = ANY (ARRAY(
                    SELECT p.place
                    FROM changed c,
                         LATERAL (SELECT ctid AS place FROM overdue_orders WHERE partition = \(partition)
                                  AND created_at = c.created_at AND order_id = c.id OFFSET 0) p
                    WHERE c.hold_ended))
            ), issued AS (
                INSERT INTO tickets (ticket_code, order_id)
                SELECT unnest(string_to_array(codes, ' ')), id FROM changed WHERE status = 'confirmed'
            ), recorded AS (
                INSERT INTO payments (order_id, kind, status, amount, currency, reference)
                SELECT id, 'charge', CASE status WHEN 'confirmed' THEN 'captured' ELSE 'declined' END, total_amount,
                       currency, reference
                FROM changed WHERE reference IS NOT NULL
            ), released AS (
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'release', \(partition), event_id, id, user_id, quantity FROM changed
                WHERE status = 'cancelled' AND NOT hold_ended
            ), voided AS (
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'void', \(partition), event_id, id, user_id, quantity FROM changed
                WHERE status = 'cancelled' AND reference IS NULL AND total_amount > 0
            ), mailed AS (
                INSERT INTO mails (kind, user_id, order_id)
                SELECT CASE status WHEN 'confirmed' THEN 'order_confirmed' ELSE 'order_cancelled' END, user_id, id
                FROM changed
            ), stock AS (
                SELECT e.id, t.units
                FROM (SELECT event_id, sum(quantity) AS units FROM changed
                      WHERE status = 'cancelled' AND NOT hold_ended GROUP BY event_id ORDER BY event_id) t,
                     LATERAL (SELECT id FROM events WHERE id = t.event_id OFFSET 0 FOR NO KEY UPDATE) e
            ), returned AS (
                UPDATE events SET available_tickets = available_tickets + stock.units
                FROM stock WHERE events.id = stock.id
            )
            INSERT INTO unpublished_settlements (partition, orders)
            SELECT \(partition), coalesce((SELECT array_agg(id) FROM changed), '{}') FROM lease
            RETURNING id, orders
            """
    }
}

enum SelectUnpublishedBatches {
    static func query(_ partition: Partition, limit: Int) -> PostgresQuery {
        """
        SELECT id, orders FROM unpublished_settlements WHERE partition = \(Int16(partition.number))
        ORDER BY id LIMIT \(limit)
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> SettledBatch {
        let (id, orders) = try row.decode(Int64.self, [OrderID].self)
        return SettledBatch(id: id, orders: orders)
    }
}

enum MarkPublished {
    static func query(_ batches: [Int64], _ partition: Partition) -> PostgresQuery {
        "DELETE FROM unpublished_settlements WHERE partition = \(Int16(partition.number)) AND id = ANY (\(batches))"
    }
}

enum SelectPendingOrders {
    /// From the first one on when `order` is nil or gone.
    static func query(
        _ partition: Partition, youngerThan age: Duration, after order: OrderID?, limit: Int
    ) -> PostgresQuery {
        page(of: "pending_orders", partition, youngerThan: age, after: order, limit: limit)
    }

    /// The same of those whose hold has ended, however long ago.
    static func overdue(_ partition: Partition, after order: OrderID?, limit: Int) -> PostgresQuery {
        page(of: "overdue_orders", partition, youngerThan: nil, after: order, limit: limit)
    }

    private static func page(
        of table: String, _ partition: Partition, youngerThan age: Duration?, after order: OrderID?, limit: Int
    ) -> PostgresQuery {
        """
        SELECT \(unescaped: intentColumns)
        FROM \(unescaped: table) p, LATERAL (SELECT * FROM ticket_orders WHERE id = p.order_id OFFSET 0) o
        WHERE p.partition = \(Int16(partition.number))
              AND (p.created_at, p.order_id) > (
                  coalesce((SELECT created_at FROM ticket_orders WHERE id = \(order)), '-infinity'),
                  coalesce(\(order), '00000000-0000-0000-0000-000000000000'))
              AND p.created_at >= coalesce(now() - \(age?.milliseconds) * interval '1 millisecond', '-infinity')
        ORDER BY p.created_at, p.order_id LIMIT \(limit)
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> Intent {
        let (order, user, event, quantity, amount, currency, method) = try row.decode(
            OrderID.self, UserID.self, EventID.self, Int32.self, Int64.self, Currency.self, String.self)
        guard let paymentMethod = PaymentMethod(method) else { throw .unexpected("payment method") }
        return Intent(
            order: order, user: user, event: event, quantity: Int(quantity),
            total: try Money(minorUnits: amount, currency: currency), paymentMethod: paymentMethod)
    }
}

/// Pending orders that have been so for too long, oldest first.
enum SelectExpiredOrders {
    static func query(_ partition: Partition, olderThan age: Duration, limit: Int) -> PostgresQuery {
        """
        SELECT \(unescaped: intentColumns)
        FROM pending_orders p, LATERAL (SELECT * FROM ticket_orders WHERE id = p.order_id OFFSET 0) o
        WHERE p.partition = \(Int16(partition.number))
              AND p.created_at < now() - \(age.milliseconds) * interval '1 millisecond'
        ORDER BY p.created_at, p.order_id LIMIT \(limit)
        """
    }
}

/// Columns of `ticket_orders o` that make an `Intent`, as `SelectPendingOrders.decode` reads them.
private let intentColumns =
    "o.id, o.user_id, o.event_id, o.quantity, (o.total_amount * 100)::bigint, o.currency, o.payment_method"

enum SelectWaitingReleases {
    static func query(_ partition: Partition, limit: Int) -> PostgresQuery {
        """
        SELECT o.id, o.event_id, o.order_id, o.user_id, o.quantity, e.stock_epoch
        FROM outbox o, LATERAL (SELECT stock_epoch FROM events WHERE id = o.event_id OFFSET 0) e
        WHERE o.partition = \(Int16(partition.number)) AND o.delivered_at IS NULL AND o.kind = 'release'
        ORDER BY o.id LIMIT \(limit)
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> WaitingRelease {
        let (id, event, order, user, quantity, epoch) = try row.decode(
            Int64.self, EventID.self, OrderID.self, UserID.self, Int32.self, Int64.self)
        return WaitingRelease(
            id: id,
            release: StockRelease(event: event, order: order, user: user, quantity: Int(quantity), epoch: epoch))
    }
}

enum MarkDelivered {
    static func query(_ ids: [Int64]) -> PostgresQuery {
        "UPDATE outbox SET delivered_at = now() WHERE id = ANY (\(ids)) AND delivered_at IS NULL"
    }
}
