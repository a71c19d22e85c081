import PostgresClient
import Ticketing

/// An event's stock, its releases that wait, and what buyers hold: one statement, so that all is of one instant. It
/// takes no lock and stands in nobody's way. `LATERAL … OFFSET 0` leaves the planner one way, as in `SettleOrders`.
enum SelectBooks {
    static func query(_ event: EventID, _ buyers: [UserID], mostOrders: Int) -> PostgresQuery {
        """
        SELECT e.stock_epoch, e.total_tickets, e.available_tickets, w.orders, w.users, w.units,
               d.orders, d.users, d.units, h.users, h.units
        FROM events e, LATERAL (
            SELECT coalesce(array_agg(order_id), '{}') AS orders, coalesce(array_agg(user_id), '{}') AS users,
                   coalesce(array_agg(quantity), '{}') AS units
            FROM (SELECT order_id, user_id, quantity FROM outbox
                  WHERE partition = e.partition AND event_id = e.id AND delivered_at IS NULL AND kind = 'release'
                  ORDER BY id LIMIT \(mostOrders + 1)) r
        ) w, LATERAL (
            SELECT coalesce(array_agg(order_id), '{}') AS orders, coalesce(array_agg(user_id), '{}') AS users,
                   coalesce(array_agg(quantity), '{}') AS units
            FROM (SELECT p.order_id, o.user_id, o.quantity
                  FROM overdue_orders p, LATERAL (
                      SELECT event_id, user_id, quantity FROM ticket_orders WHERE id = p.order_id OFFSET 0) o
                  WHERE p.partition = e.partition AND o.event_id = e.id
                  ORDER BY p.created_at, p.order_id LIMIT \(mostOrders + 1)) r
        ) d, LATERAL (
            SELECT coalesce(array_agg(b.id), '{}') AS users, coalesce(array_agg(o.units), '{}') AS units
            FROM unnest(\(buyers)) AS b (id), LATERAL (
                SELECT coalesce(sum(quantity), 0)::bigint AS units FROM ticket_orders
                WHERE user_id = b.id AND event_id = e.id AND status IN ('pending', 'paid', 'confirmed')
                      AND NOT hold_ended OFFSET 0) o
        ) h
        WHERE e.id = \(event)
        """
    }

    static func decode(
        _ row: PostgresRow, _ event: EventID, mostOrders: Int
    ) throws(PostgresError) -> EventBooks {
        let (
            epoch, total, available, released, releasedUsers, releasedUnits, overdue, overdueUsers, overdueUnits,
            buyers, held
        ) = try row.decode(
            Int64.self, Int32.self, Int32.self, [OrderID].self, [UserID].self, [Int32].self, [OrderID].self,
            [UserID].self, [Int32].self, [UserID].self, [Int64].self)
        func list(_ orders: [OrderID], _ users: [UserID], _ units: [Int32]) -> [StockRelease] {
            zip(orders, zip(users, units)).prefix(mostOrders).map { order, buyer in
                StockRelease(event: event, order: order, user: buyer.0, quantity: Int(buyer.1), epoch: epoch)
            }
        }
        return EventBooks(
            epoch: epoch, total: Int(total), available: Int(available),
            releases: list(released, releasedUsers, releasedUnits),
            overdue: list(overdue, overdueUsers, overdueUnits),
            hasMore: max(released.count, overdue.count) > mostOrders,
            held: Dictionary(zip(buyers, held.map { Int($0) })) { first, _ in first })
    }
}

/// An event's orders that ended some time ago, the last ones first. Within the life of a final record: none is there
/// afterwards.
enum SelectEndedOrders {
    static func query(_ event: EventID, olderThan age: Duration, limit: Int) -> PostgresQuery {
        """
        SELECT id FROM ticket_orders
        WHERE event_id = \(event) AND status IN ('confirmed', 'cancelled', 'refunded')
              AND updated_at < now() - \(age.milliseconds) * interval '1 millisecond'
              AND updated_at > now() - interval '7 days'
        ORDER BY updated_at DESC LIMIT \(limit)
        """
    }
}

enum SelectExpiredHolds {
    static func query(_ partition: Partition, olderThan age: Duration) -> PostgresQuery {
        """
        SELECT count(*), coalesce((extract(epoch FROM max(now() - created_at)) * 1000)::bigint, 0)
        FROM (SELECT * FROM pending_orders UNION ALL SELECT * FROM overdue_orders) p
        WHERE partition = \(Int16(partition.number))
              AND created_at < now() - \(age.milliseconds) * interval '1 millisecond'
              AND EXISTS (SELECT FROM ticket_orders WHERE id = p.order_id)
        """
    }
}

/// How orders stand whose charge the provider has captured and not given back; those that are not there are left out.
enum SelectChargeStandings {
    static func query(_ orders: [OrderID]) -> PostgresQuery {
        """
        SELECT c.id, o.status, (extract(epoch FROM now() - o.updated_at) * 1000)::bigint,
               CASE WHEN r.amount >= o.total_amount
                    THEN (extract(epoch FROM now() - coalesce(r.made_at, o.updated_at)) * 1000)::bigint END,
               CASE WHEN EXISTS (SELECT FROM outbox WHERE order_id = c.id AND kind <> 'release'
                                 AND delivered_at IS NULL AND dead_at IS NULL) THEN 'waiting'
                    WHEN EXISTS (SELECT FROM outbox WHERE order_id = c.id
                                 AND delivered_at IS NULL AND dead_at IS NOT NULL) THEN 'dead'
                    ELSE 'none' END
        FROM unnest(\(orders)) AS c (id),
             LATERAL (SELECT status, updated_at, total_amount FROM ticket_orders WHERE id = c.id OFFSET 0) o,
             LATERAL (SELECT coalesce(sum(amount), 0) AS amount, max(created_at) AS made_at FROM payments
                      WHERE order_id = c.id AND kind = 'refund' AND status = 'refunded' OFFSET 0) r
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (OrderID, ChargeStanding) {
        let (id, status, age, refundAge, void) = try row.decode(
            OrderID.self, OrderStatus.self, Int64.self, Int64?.self, String.self)
        guard let void = ChargeStanding.Void(rawValue: void) else { throw .unexpected("state of a void") }
        return (
            id,
            ChargeStanding(
                status: status, age: .milliseconds(age), refundAge: refundAge.map { .milliseconds($0) }, void: void)
        )
    }
}
