import PostgresClient
package import Ticketing

extension PostgresOrderRepository {
    package func mails(of order: OrderID) async throws(RepositoryError) -> [OrderMail] {
        do {
            return try await postgres.query(SelectMailsOfOrder.query(order)).rows
                .map { row throws(PostgresError) in try OrderMail(row) }
        } catch {
            throw RepositoryError(error)
        }
    }

    /// Two statements, so that the second sees what somebody else has inserted who held the order's row before.
    package func resendConfirmation(
        of order: OrderID, by user: UserID, pause: Duration
    ) async throws(RepositoryError) -> ResendOutcome {
        do {
            return try await postgres.withTransaction { connection in
                guard let row = try await connection.query(LockOrderForMail.query(order, user)).rows.first else {
                    return .notFound
                }
                let status: OrderStatus = try row.decode(OrderStatus.self)
                guard status == .confirmed else { return .notConfirmed }
                if let row = try await connection.query(SelectLastConfirmation.query(order)).rows.first {
                    let (mail, age) = try SelectLastConfirmation.decode(row)
                    if mail.state == .waiting { return .waiting(mail) }
                    if age < pause { return .tooSoon(pause - age) }
                }
                let inserted = try await connection.query(InsertConfirmation.query(order, user)).rows[0]
                return .waiting(try OrderMail(inserted))
            }
        } catch {
            throw RepositoryError(error)
        }
    }
}
