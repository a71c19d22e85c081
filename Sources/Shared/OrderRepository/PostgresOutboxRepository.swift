package import Foundation
package import PostgresClient
package import Ticketing

/// The outbox in Postgres.
package struct PostgresOutboxRepository: OutboxRepository {
    let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    package func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] {
        try await all(ClaimMessages.query(limit: limit, hidden: hidden), ClaimMessages.decode)
            .sorted { $0.id < $1.id }
    }

    package func markDelivered(_ message: OutboxMessage) async throws(RepositoryError) {
        _ = try await run(MarkDelivered.query([message.id]))
    }

    package func markFailed(
        _ message: OutboxMessage, _ failure: String, pause: Duration
    ) async throws(RepositoryError) {
        _ = try await run(MarkMessageFailed.query(message.id, failure, pause: pause))
    }

    package func giveUp(
        _ message: OutboxMessage, _ failure: String, refund: String?
    ) async throws(RepositoryError) {
        _ = try await run(GiveUpMessage.query(message, failure, refund: refund))
    }

    package func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError) {
        _ = try await run(RecordRefund.query(order, charge: charge, refund: refund))
    }

    package func settleRefund(_ id: UUID, reference: String) async throws(RepositoryError) {
        _ = try await run(SettleRefund.query(id, reference: reference))
    }

    package func chargeStandings(
        of orders: [OrderID]
    ) async throws(RepositoryError) -> [OrderID: ChargeStanding] {
        guard !orders.isEmpty else { return [:] }
        return Dictionary(try await all(SelectChargeStandings.query(orders), SelectChargeStandings.decode)) { $1 }
    }

    package func addVoid(of order: OrderID) async throws(RepositoryError) -> Bool {
        try await run(InsertVoid.query(order)).affected == 1
    }

    package func reviewRefunds(of order: OrderID) async throws(RepositoryError) -> Bool {
        try await run(ReviewRefunds.query(order)).affected > 0
    }

    package func depth() async throws(RepositoryError) -> OutboxDepth {
        try await all(SelectOutboxDepth.query, SelectOutboxDepth.decode)[0]
    }

    /// Undelivered rows, or those that were given up on; oldest first.
    package func rows(areDead: Bool, limit: Int) async throws(RepositoryError) -> [OutboxRow] {
        try await all(SelectOutboxRows.query(areDead: areDead, limit: limit), OutboxRow.init)
    }

    /// Has a message tried again now that waits or was given up on; false when there is none of this id.
    package func retry(_ id: Int64) async throws(RepositoryError) -> Bool {
        try await run(RetryMessage.query(id)).affected == 1
    }

    private func all<Value>(
        _ query: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(RepositoryError) -> [Value] {
        let rows = try await run(query).rows
        do { return try rows.map { row throws(PostgresError) in try decode(row) } } catch {
            throw RepositoryError(error)
        }
    }

    private func run(_ query: PostgresQuery) async throws(RepositoryError) -> PostgresResult {
        do { return try await postgres.query(query) } catch { throw RepositoryError(error) }
    }
}
