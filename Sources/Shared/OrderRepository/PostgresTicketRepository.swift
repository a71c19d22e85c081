package import PostgresClient
package import Ticketing

/// The tickets in Postgres.
package struct PostgresTicketRepository: TicketRepository {
    let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    package func ticket(_ code: TicketCode) async throws(RepositoryError) -> IssuedTicket? {
        try await all(SelectTicket.query(code), IssuedTicket.init).first
    }

    package func tickets(
        of holder: UserID, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<IssuedTicket> {
        let tickets = try await all(
            SelectTicketsOfHolder.query(holder, after: cursor, limit: limit + 1), IssuedTicket.init)
        guard tickets.count > limit, limit > 0 else { return Page(items: tickets, next: nil) }
        return Page(items: Array(tickets.prefix(limit)), next: tickets[limit - 1].place)
    }

    package func tickets(of order: OrderID) async throws(RepositoryError) -> [IssuedTicket] {
        try await all(SelectTicketsOfOrder.query(order), IssuedTicket.init)
    }

    package func custody(of code: TicketCode) async throws(RepositoryError) -> [TicketTransfer] {
        try await all(SelectCustody.query(code), TicketTransfer.init)
    }

    package func redeem(_ code: TicketCode, _ redemption: Redemption) async throws(RepositoryError) -> Bool {
        try await all(RedeemTicket.query(code, redemption), decodeFlag).first ?? false
    }

    package func recipient(_ email: EmailAddress) async throws(RepositoryError) -> UserID? {
        try await all(SelectRecipient.query(email)) { row throws(PostgresError) in try row.decode(UserID.self) }.first
    }

    package func transfer(
        _ code: TicketCode, from giver: UserID, to recipient: UserID, as newCode: TicketCode
    ) async throws(RepositoryError) -> Bool {
        try await all(TransferTicket.query(code, from: giver, to: recipient, as: newCode), decodeFlag).first ?? false
    }

    private func decodeFlag(_ row: PostgresRow) throws(PostgresError) -> Bool { try row.decode(Bool.self) }

    private func all<Value>(
        _ query: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(RepositoryError) -> [Value] {
        do {
            return try await postgres.query(query).rows.map { row throws(PostgresError) in try decode(row) }
        } catch {
            throw RepositoryError(error)
        }
    }
}
