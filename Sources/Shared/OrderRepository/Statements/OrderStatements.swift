import Foundation
import PostgresClient
import Ticketing

/// Columns of `ticket_orders`, and its tickets and refunds as arrays, that make an `Order`.
private let columns = """
    o.id, o.user_id, o.event_id, o.quantity, (o.total_amount * 100)::bigint, o.currency, o.payment_method, o.status, \
    o.failure_code, array(SELECT ticket_code FROM tickets t WHERE t.order_id = o.id ORDER BY ticket_code), \
    array(SELECT t.status FROM tickets t WHERE t.order_id = o.id ORDER BY ticket_code), o.created_at, o.updated_at, \
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
