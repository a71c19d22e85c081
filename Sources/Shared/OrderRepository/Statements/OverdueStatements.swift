import PostgresClient
import Ticketing

/// Ends the hold of pending orders: their units go back to the stock, with a release in the outbox, and the orders wait
/// on among the overdue. The fence and the order of the locks are those of `CommitBatch`.
enum EndHolds {
    static func query(_ orders: [OrderID], _ lease: Lease) -> PostgresQuery {
        let partition = Int16(lease.partition.number)
        return """
            WITH lease AS MATERIALIZED (
                SELECT 1 FROM worker_leases WHERE partition = \(partition) AND epoch = \(lease.epoch) FOR SHARE
            ), changed AS (
                UPDATE ticket_orders o SET hold_ended = true, updated_at = now()
                FROM lease WHERE o.id = ANY (\(orders)) AND o.status = 'pending' AND NOT o.hold_ended
                RETURNING o.id, o.created_at, o.event_id, o.user_id, o.quantity
            ), ended AS (
                DELETE FROM pending_orders p USING changed c
                WHERE p.partition = \(partition) AND p.created_at = c.created_at AND p.order_id = c.id
            ), waiting AS (
                INSERT INTO overdue_orders (partition, created_at, order_id)
                SELECT \(partition), created_at, id FROM changed
            ), released AS (
                INSERT INTO outbox (kind, partition, event_id, order_id, user_id, quantity)
                SELECT 'release', \(partition), event_id, id, user_id, quantity FROM changed
            ), stock AS (
                SELECT e.id, t.units
                FROM (SELECT event_id, sum(quantity) AS units FROM changed GROUP BY event_id ORDER BY event_id) t,
                     LATERAL (SELECT id FROM events WHERE id = t.event_id OFFSET 0 FOR NO KEY UPDATE) e
            ), returned AS (
                UPDATE events SET available_tickets = available_tickets + stock.units
                FROM stock WHERE events.id = stock.id
            )
            SELECT EXISTS (SELECT FROM lease)
            """
    }
}

/// Confirms an order whose hold has ended, with its tickets and its charge, and takes its units from the stock again.
///
/// The event's row is locked first, and the epoch that is compared is the one under the lock: a load that has read the
/// stock without these units has raised it, and one that comes later reads the stock without them. Whether the event was
/// cancelled is read under the lock, too: a lane that has just started may not know it yet.
enum ConfirmOverdue {
    static func query(_ settlement: Settlement, _ event: EventID, epoch: Int64, _ lease: Lease) -> PostgresQuery {
        let partition = Int16(lease.partition.number)
        let order = settlement.order
        return """
            WITH lease AS MATERIALIZED (
                SELECT 1 FROM worker_leases WHERE partition = \(partition) AND epoch = \(lease.epoch) FOR SHARE
            ), event AS MATERIALIZED (
                SELECT id, cancelled_at IS NOT NULL AS is_cancelled FROM events
                WHERE id = \(event) AND stock_epoch = \(epoch) FOR NO KEY UPDATE
            ), changed AS (
                UPDATE ticket_orders o SET status = 'confirmed', hold_ended = false, updated_at = now()
                FROM lease, event
                WHERE NOT event.is_cancelled AND o.id = \(order.id) AND o.status = 'pending' AND o.hold_ended
                RETURNING o.id, o.created_at, o.event_id, o.user_id, o.quantity, o.total_amount, o.currency
            ), ended AS (
                DELETE FROM overdue_orders p USING changed c
                WHERE p.partition = \(partition) AND p.created_at = c.created_at AND p.order_id = c.id
            ), issued AS (
                INSERT INTO tickets (ticket_code, order_id) SELECT unnest(\(order.tickets.map(\.text))), id FROM changed
            ), recorded AS (
                INSERT INTO payments (order_id, kind, status, amount, currency, reference)
                SELECT id, 'charge', 'captured', total_amount, currency, \(settlement.paymentReference) FROM changed
            ), listed AS (
                INSERT INTO unpublished_settlements (partition, orders) SELECT \(partition), ARRAY[id] FROM changed
            ), mailed AS (
                INSERT INTO mails (kind, user_id, order_id) SELECT 'order_confirmed', user_id, id FROM changed
            ), taken AS (
                UPDATE events SET available_tickets = available_tickets - c.quantity
                FROM changed c WHERE events.id = c.event_id
            )
            SELECT EXISTS (SELECT FROM lease), EXISTS (SELECT FROM event),
                   EXISTS (SELECT FROM event WHERE is_cancelled), EXISTS (SELECT FROM changed)
            """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> OverdueOutcome {
        switch try row.decode(Bool.self, Bool.self, Bool.self, Bool.self) {
        case (false, _, _, _): .leaseLost
        case (_, false, _, _): .epochPassed
        case (_, _, true, _): .eventCancelled
        case (_, _, _, let changed): changed ? .confirmed : .gone
        }
    }
}
