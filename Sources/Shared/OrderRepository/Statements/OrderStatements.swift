import Foundation
import PostgresClient
import Ticketing

/// Columns of `ticket_orders`, and the order's tickets and refunds as arrays, that make an `Order`. Without those
/// tickets that were issued anew to somebody else: their codes are none of the buyer's business.
private let columns = """
    o.id, o.user_id, o.event_id, o.quantity, (o.total_amount * 100)::bigint, o.currency, o.payment_method, o.status, \
    o.failure_code, \
    array(SELECT ticket_code FROM tickets t WHERE t.order_id = o.id AND t.holder_id IS NULL ORDER BY ticket_code), \
    array(SELECT t.status FROM tickets t WHERE t.order_id = o.id AND t.holder_id IS NULL ORDER BY ticket_code), \
    o.created_at, o.updated_at, \
    array(SELECT (r.amount * 100)::bigint FROM refunds r WHERE r.order_id = o.id ORDER BY r.created_at, r.id), \
    array(SELECT r.status FROM refunds r WHERE r.order_id = o.id ORDER BY r.created_at, r.id), \
    array(SELECT r.created_at FROM refunds r WHERE r.order_id = o.id ORDER BY r.created_at, r.id)
    """

extension Order {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (
            id, user, event, quantity, amount, currency, method, status, reason, codes, statuses, createdAt, updatedAt,
            amounts, states, dates
        ) = try row.decode(
            OrderID.self, UserID.self, EventID.self, Int32.self, Int64.self, Currency.self, String.self,
            OrderStatus.self, CancellationReason?.self, [String].self, [TicketStatus].self, Date.self, Date.self,
            [Int64].self, [OrderRefund.Status].self, [Date].self)
        guard let paymentMethod = PaymentMethod(method) else { throw .unexpected("payment method") }
        var tickets: [Ticket] = []
        for (code, status) in zip(codes, statuses) {
            guard let code = TicketCode(code) else { throw .unexpected("ticket code") }
            tickets.append(Ticket(code: code, status: status))
        }
        self.init(
            id: id, user: user, event: event, quantity: Int(quantity),
            total: try Money(minorUnits: amount, currency: currency), paymentMethod: paymentMethod, status: status,
            reason: reason, tickets: tickets, createdAt: createdAt, updatedAt: updatedAt)
        for (amount, (status, date)) in zip(amounts, zip(states, dates)) {
            refunds.append(
                OrderRefund(
                    amount: try Money(minorUnits: amount, currency: currency), status: status, createdAt: date))
        }
    }
}

enum SelectOrder {
    static func query(_ id: OrderID) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM ticket_orders o WHERE o.id = \(id)"
    }
}

/// What a buyer holds of an event beside what a buyer may hold.
enum SelectHolding {
    static func query(_ user: UserID, _ event: EventID) -> PostgresQuery {
        """
        SELECT limit_per_buyer, (SELECT coalesce(sum(quantity), 0) FROM ticket_orders
                                 WHERE user_id = \(user) AND event_id = \(event)
                                       AND status IN ('pending', 'paid', 'confirmed') AND NOT hold_ended)
        FROM events WHERE id = \(event)
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (held: Int, limit: Int) {
        let (limit, held) = try row.decode(Int32.self, Int64.self)
        return (Int(held), Int(limit))
    }
}

enum SelectOrdersOfUser {
    static func query(_ user: UserID, after cursor: PageCursor?, limit: Int) -> PostgresQuery {
        guard let cursor else {
            return """
                SELECT \(unescaped: columns) FROM ticket_orders o WHERE o.user_id = \(user)
                ORDER BY o.created_at DESC, o.id DESC LIMIT \(limit)
                """
        }
        return """
            SELECT \(unescaped: columns) FROM ticket_orders o
            WHERE o.user_id = \(user) AND (o.created_at, o.id) < (\(cursor.date), \(cursor.id))
            ORDER BY o.created_at DESC, o.id DESC LIMIT \(limit)
            """
    }
}

/// An event's orders in pages by time. Buyers are read after them, by their ids.
enum SelectOrdersOfEvent {
    static func newest(
        _ event: EventID, matching filter: EventOrderFilter, after cursor: PageCursor?, limit: Int
    ) -> PostgresQuery {
        var query = head(event, filter)
        if let cursor { query.appendPlace("<", cursor) }
        query.appendLiteral(" ORDER BY o.created_at DESC, o.id DESC LIMIT ")
        query.appendInterpolation(limit)
        return PostgresQuery(stringInterpolation: query)
    }

    static func oldest(
        _ event: EventID, matching filter: EventOrderFilter, before end: Date, after cursor: PageCursor?, limit: Int
    ) -> PostgresQuery {
        var query = head(event, filter)
        query.appendLiteral(" AND o.created_at < ")
        query.appendInterpolation(end)
        if let cursor { query.appendPlace(">", cursor) }
        query.appendLiteral(" ORDER BY o.created_at, o.id LIMIT ")
        query.appendInterpolation(limit)
        return PostgresQuery(stringInterpolation: query)
    }

    private static func head(_ event: EventID, _ filter: EventOrderFilter) -> PostgresQuery.Interpolation {
        var query = PostgresQuery.Interpolation(literalCapacity: 800, interpolationCount: 7)
        query.appendLiteral("SELECT \(columns) FROM ticket_orders o WHERE o.event_id = ")
        query.appendInterpolation(event)
        if let status = filter.status {
            query.appendLiteral(" AND o.status = ")
            query.appendInterpolation(status)
        }
        if let email = filter.email {
            query.appendLiteral(" AND EXISTS (SELECT FROM users u WHERE u.id = o.user_id AND position(lower(")
            query.appendInterpolation(email)
            query.appendLiteral(") in lower(u.email)) > 0)")
        }
        return query
    }
}

extension PostgresQuery.Interpolation {
    /// Leaves out what comes up to `cursor`.
    fileprivate mutating func appendPlace(_ comparison: StaticString, _ cursor: PageCursor) {
        appendLiteral(" AND (o.created_at, o.id) \(comparison) (")
        appendInterpolation(cursor.date)
        appendLiteral(", ")
        appendInterpolation(cursor.id)
        appendLiteral(")")
    }
}
