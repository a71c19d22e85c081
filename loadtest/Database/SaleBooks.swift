import Foundation
import PostgresClient
import Ticketing

/// Reads what the audit needs from Postgres.
struct SaleBooks: Sendable {
    let database: PostgresClient

    func snapshot(of event: EventID, ledger: Ledger) async throws -> SaleSnapshot {
        let (total, available) = try await stock(of: event)
        return SaleSnapshot(
            orders: try await orders(of: event), total: total, available: available,
            repeatedTicketCodes: try await repeatedTicketCodes(of: event), ledger: ledger)
    }

    /// Orders of an event in the order of their creation, with tickets and payments counted.
    func orders(of event: EventID) async throws -> [SaleSnapshot.OrderRow] {
        let result = try await database.query(
            """
            SELECT o.id, o.user_id, o.quantity::bigint, o.status, (o.total_amount * 100)::bigint,
                   coalesce(t.tickets, 0), coalesce(p.charges, 0), coalesce(p.charged, 0), coalesce(p.refunds, 0)
            FROM ticket_orders o
            LEFT JOIN (
                SELECT order_id, count(*) AS tickets FROM tickets JOIN ticket_orders ON id = order_id
                WHERE event_id = \(event.uuid) AND tickets.status <> 'cancelled' GROUP BY order_id
            ) t ON t.order_id = o.id
            LEFT JOIN (
                SELECT order_id,
                       count(*) FILTER (WHERE kind = 'charge' AND payments.status = 'captured') AS charges,
                       (coalesce(sum(amount) FILTER (WHERE kind = 'charge' AND payments.status = 'captured'), 0)
                           * 100)::bigint AS charged,
                       count(*) FILTER (WHERE kind = 'refund' AND payments.status = 'refunded') AS refunds
                FROM payments JOIN ticket_orders ON ticket_orders.id = order_id
                WHERE event_id = \(event.uuid) GROUP BY order_id
            ) p ON p.order_id = o.id
            WHERE o.event_id = \(event.uuid)
            ORDER BY o.created_at, o.id
            """)
        return try result.rows.map { row in
            let (id, buyer, quantity, status, amount, tickets, charges, charged, refunds) = try row.decode(
                UUID.self, UUID.self, Int.self, String.self, Int.self, Int.self, Int.self, Int.self, Int.self)
            guard let status = OrderStatus(rawValue: status) else {
                throw LoadTestError(.unexpectedReply, "order \(id) has the status \(status)")
            }
            return SaleSnapshot.OrderRow(
                id: OrderID(id), buyer: UserID(buyer), quantity: quantity, status: status, tickets: tickets,
                payment: .init(due: amount, charges: charges, charged: charged, refunds: refunds))
        }
    }

    private func stock(of event: EventID) async throws -> (total: Int, available: Int) {
        let result = try await database.query(
            """
            SELECT total_tickets::bigint, available_tickets::bigint FROM events WHERE id = \(event.uuid)
            """)
        guard let row = result.rows.first else {
            throw LoadTestError(.unexpectedReply, "event \(event) is not in Postgres")
        }
        return try row.decode(Int.self, Int.self)
    }

    private func repeatedTicketCodes(of event: EventID) async throws -> Set<OrderID> {
        let result = try await database.query(
            """
            SELECT (array_agg(order_id))[1] FROM tickets JOIN ticket_orders ON id = order_id
            WHERE event_id = \(event.uuid) GROUP BY ticket_code HAVING count(*) > 1
            """)
        return Set(try result.rows.map { OrderID(try $0.decode(column: 0, as: UUID.self)) })
    }
}
