package import PostgresClient
package import Ticketing

/// The orders of cancelled events in Postgres.
package struct PostgresCancellationRepository: CancelledEventRepository {
    let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    package func cancelledEvents(limit: Int) async throws(RepositoryError) -> [EventID] {
        do {
            return try await postgres.query(SelectCancelledEvents.query(limit: limit)).rows
                .map { row throws(PostgresError) in try row.decode(EventID.self) }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func cancelPendingOrders(
        of event: EventID, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> EndedPage {
        try await end(event, .pending, order, limit) { CancelPendingOrders.query($0, of: nil, .eventCancelled) }
    }

    package func refundConfirmedOrders(
        of event: EventID, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> EndedPage {
        try await end(event, .confirmed, order, limit, RefundConfirmedOrders.query)
    }

    /// Locks a page of orders, then ends it by a statement of its own, which sees all that was there at the lock.
    private func end(
        _ event: EventID, _ status: OrderStatus, _ order: OrderID?, _ limit: Int,
        _ statement: @escaping @Sendable ([OrderID]) -> PostgresQuery
    ) async throws(RepositoryError) -> EndedPage {
        do {
            return try await postgres.withTransaction { connection in
                let rows = try await connection.query(
                    LockOrdersOfEvent.query(event, status: status, after: order, limit: limit)
                ).rows
                let orders = try rows.map { try $0.decode(OrderID.self) }
                guard !orders.isEmpty else { return EndedPage(count: 0, last: nil) }
                _ = try await connection.query(statement(orders))
                return EndedPage(count: orders.count, last: orders.last)
            }
        } catch {
            throw RepositoryError(error)
        }
    }
}
