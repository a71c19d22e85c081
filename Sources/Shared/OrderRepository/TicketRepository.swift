package import Ticketing

/// Tickets once they were issued: who has them, how they change hands, who was let in.
///
/// Live: `PostgresTicketRepository`. In memory: `InMemoryTicketRepository`.
package protocol TicketRepository: Sendable {
    func ticket(_ code: TicketCode) async throws(RepositoryError) -> IssuedTicket?
    /// What the user has now, bought or received, in whatever state, newest first, after `cursor`. What was given away
    /// is not among it.
    func tickets(
        of holder: UserID, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<IssuedTicket>
    /// The order's tickets as its buyer got them, by their number.
    func tickets(of order: OrderID) async throws(RepositoryError) -> [IssuedTicket]
    /// How the ticket changed hands until it had this code and when it lost it, oldest first; nothing of what came
    /// after.
    func custody(of code: TicketCode) async throws(RepositoryError) -> [TicketTransfer]

    /// Lets somebody in by a valid ticket of the redemption's event. Returns whether this call did so: of any number of
    /// calls for one ticket at most one.
    func redeem(_ code: TicketCode, _ redemption: Redemption) async throws(RepositoryError) -> Bool

    /// The account of an e-mail address, whatever case it is written in.
    func recipient(_ email: EmailAddress) async throws(RepositoryError) -> UserID?
    /// Hands a valid ticket of `giver` to `recipient`, to whom it is issued anew as `newCode`, with a mail that says
    /// so. Returns whether this call did so; an event that has begun and a ticket that has changed hands too often (see
    /// `Limits.transfers`) are left alone.
    func transfer(
        _ code: TicketCode, from giver: UserID, to recipient: UserID, as newCode: TicketCode
    ) async throws(RepositoryError) -> Bool
}
