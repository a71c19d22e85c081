package import PostgresClient
package import Ticketing

/// The outbox in Postgres.
package struct PostgresOutboxRepository: OutboxRepository {
    let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    package func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] {
        let rows = try await run(ClaimMessages.query(limit: limit, hidden: hidden)).rows
        do {
            return try rows.map { row throws(PostgresError) in try ClaimMessages.decode(row) }.sorted { $0.id < $1.id }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func markDelivered(_ message: OutboxMessage) async throws(RepositoryError) {
        _ = try await run(MarkDelivered.query([message.id]))
    }

    package func markFailed(
        _ message: OutboxMessage, _ failure: String, pause: Duration?
    ) async throws(RepositoryError) {
        _ = try await run(MarkMessageFailed.query(message.id, failure, pause: pause))
    }

    package func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError) {
        _ = try await run(RecordRefund.query(order, charge: charge, refund: refund))
    }

    private func run(_ query: PostgresQuery) async throws(RepositoryError) -> PostgresResult {
        do { return try await postgres.query(query) } catch { throw RepositoryError(error) }
    }
}
