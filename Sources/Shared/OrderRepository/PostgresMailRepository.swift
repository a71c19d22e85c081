package import PostgresClient

/// The mails in Postgres.
package struct PostgresMailRepository: MailRepository {
    /// Mails that `mailDepth` counts: where it says as many, there may be more.
    package static let countedMails = 10_000

    let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    package func claimMails(limit: Int, hidden: Duration) async throws(RepositoryError) -> [WaitingMail] {
        try await all(ClaimMails.query(limit: limit, hidden: hidden), ClaimMails.decode)
    }

    package func record(_ results: [MailResult]) async throws(RepositoryError) {
        guard !results.isEmpty else { return }
        _ = try await run(RecordMailResults.query(results))
    }

    package func forgetMails(olderThan age: Duration) async throws(RepositoryError) -> Int {
        try await run(DeleteMails.query(olderThan: age)).affected
    }

    package func mailDepth() async throws(RepositoryError) -> OutboxDepth {
        try await all(SelectMailDepth.query(limit: Self.countedMails), SelectOutboxDepth.decode)[0]
    }

    /// Mails that wait or were given up on, or only the latter; oldest first.
    package func rows(areDead: Bool, limit: Int) async throws(RepositoryError) -> [MailRow] {
        try await all(SelectMailRows.query(areDead: areDead, limit: limit), MailRow.init)
    }

    /// Has a mail tried again now that waits or was given up on; false when there is none of this id, or its token is
    /// gone.
    package func retry(_ id: Int64) async throws(RepositoryError) -> Bool {
        try await run(RetryMail.query(id)).affected == 1
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
