import Foundation
import PostgresClient
import Ticketing

/// Reads what the audit needs from Postgres, all of it as of one instant.
struct SaleBooks: Sendable {
    /// A million orders are read in well under this.
    private static let timeout = Duration.seconds(120)

    private struct Tally {
        var tickets = 0
        var payment = SaleSnapshot.OrderRow.Payment()
    }

    let database: PostgresClient

    func snapshot(of event: EventID, ledger: Ledger) async throws -> SaleSnapshot {
        try await reading { connection in
            let stock = try await connection.query(
                """
                SELECT total_tickets::bigint, available_tickets::bigint FROM events WHERE id = \(event.uuid)
                """)
            guard let row = stock.rows.first else {
                throw LoadTestError(.unexpectedReply, "event \(event) is not in Postgres")
            }
            let (total, available) = try row.decode(Int.self, Int.self)
            return SaleSnapshot(
                orders: try await orders(of: event, on: connection), total: total, available: available,
                repeatedTicketCodes: try await repeatedTicketCodes(of: event, on: connection), ledger: ledger)
        }
    }

    /// The orders an event has, and the units it has not for sale any more.
    func earlier(of event: EventID) async throws -> (orders: Set<OrderID>, units: Int) {
        let orders = try await database.query(
            "SELECT id FROM ticket_orders WHERE event_id = \(event.uuid)", timeout: Self.timeout)
        let units = try await database.query(
            "SELECT (total_tickets - available_tickets)::bigint FROM events WHERE id = \(event.uuid)")
        return (
            Set(try orders.rows.map { OrderID(try $0.decode(column: 0, as: UUID.self)) }),
            try units.rows.first?.decode(column: 0, as: Int.self) ?? 0
        )
    }

    /// A transaction that sees one instant. Nested loops are off: right after a load the tables have no statistics yet,
    /// and the planner, which takes them for empty, would go through one table for each row of the other.
    private func reading<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        try await database.withTransaction { connection in
            try await connection.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            try await connection.query("SET LOCAL enable_nestloop = off")
            return try await body(connection)
        }
    }

    /// Orders in the order of their creation, with tickets and payments counted.
    private func orders(
        of event: EventID, on connection: PostgresConnection
    ) async throws -> [SaleSnapshot.OrderRow] {
        let tallies = try await tallies(of: event, on: connection)
        let result = try await connection.query(
            """
            SELECT id, user_id, quantity::bigint, status, (total_amount * 100)::bigint, stream_id,
                   (extract(epoch FROM created_at) * 1000000)::bigint
            FROM ticket_orders WHERE event_id = \(event.uuid) ORDER BY created_at, id
            """, timeout: Self.timeout)
        return try result.rows.map { row in
            let (id, buyer, quantity, status, due, entry, committedAt) = try row.decode(
                UUID.self, UUID.self, Int.self, String.self, Int.self, String.self, Int.self)
            guard let status = OrderStatus(rawValue: status) else {
                throw LoadTestError(.unexpectedReply, "order \(id) has the status \(status)")
            }
            var tally = tallies[id] ?? Tally()
            tally.payment.due = due
            return SaleSnapshot.OrderRow(
                id: OrderID(id), buyer: UserID(buyer), quantity: quantity, status: status, tickets: tally.tickets,
                payment: tally.payment, line: Self.line(entry, committedAt))
        }
    }

    /// Reads a stream entry's id, `milliseconds-number`.
    private static func line(_ entry: String, _ committedAt: Int) -> SaleSnapshot.OrderRow.Line? {
        let parts = entry.split(separator: "-")
        guard parts.count == 2, let milliseconds = Int(parts[0]), let number = Int(parts[1]) else { return nil }
        return SaleSnapshot.OrderRow.Line(milliseconds: milliseconds, number: number, committedAt: committedAt)
    }

    /// Tickets and successful payments by order, and what the simulated provider took, where that is the provider. A
    /// ticket that was handed on counts as it was issued, once.
    private func tallies(of event: EventID, on connection: PostgresConnection) async throws -> [UUID: Tally] {
        var tallies: [UUID: Tally] = [:]
        let tickets = try await connection.query(
            """
            SELECT order_id, count(*) FROM tickets JOIN ticket_orders ON ticket_orders.id = order_id
            WHERE event_id = \(event.uuid) AND tickets.status <> 'cancelled' AND holder_id IS NULL GROUP BY order_id
            """, timeout: Self.timeout)
        for row in tickets.rows {
            let (order, count) = try row.decode(UUID.self, Int.self)
            tallies[order, default: Tally()].tickets = count
        }
        let payments = try await connection.query(
            """
            SELECT order_id, kind, (amount * 100)::bigint
            FROM payments JOIN ticket_orders ON ticket_orders.id = order_id
            WHERE event_id = \(event.uuid) AND payments.status IN ('captured', 'refunded')
            """, timeout: Self.timeout)
        for row in payments.rows {
            let (order, kind, amount) = try row.decode(UUID.self, String.self, Int.self)
            if kind == "refund" {
                tallies[order, default: Tally()].payment.refunds += 1
            } else {
                tallies[order, default: Tally()].payment.charges += 1
                tallies[order, default: Tally()].payment.charged += amount
            }
        }
        let provider = try await connection.query("SELECT to_regclass('simulated_provider.charges') IS NOT NULL")
        guard try provider.rows.first?.decode(column: 0, as: Bool.self) == true else { return tallies }
        // Every order has an entry from here on: one without a charge was charged nothing.
        let taken = try await connection.query(
            """
            SELECT id, coalesce(amount, 0) FROM ticket_orders
            LEFT JOIN simulated_provider.charges ON idempotency_key = id::text AND charges.status = 'captured'
                 AND refunded_at IS NULL
            WHERE event_id = \(event.uuid)
            """, timeout: Self.timeout)
        for row in taken.rows {
            let (order, amount) = try row.decode(UUID.self, Int.self)
            tallies[order, default: Tally()].payment.taken = amount
        }
        return tallies
    }

    private func repeatedTicketCodes(
        of event: EventID, on connection: PostgresConnection
    ) async throws -> Set<OrderID> {
        let result = try await connection.query(
            """
            SELECT (array_agg(order_id))[1] FROM tickets JOIN ticket_orders ON ticket_orders.id = order_id
            WHERE event_id = \(event.uuid) GROUP BY ticket_code HAVING count(*) > 1
            """, timeout: Self.timeout)
        return Set(try result.rows.map { OrderID(try $0.decode(column: 0, as: UUID.self)) })
    }
}
