package import Foundation
import Synchronization
package import Ticketing

/// The tickets in memory, by the rules of the Postgres ones; what the gateway's tests run on. It knows the tickets and
/// accounts that it was told of.
package final class InMemoryTicketRepository: TicketRepository {
    private struct Transfer {
        let original: TicketCode
        let from: TicketCode
        let to: TicketCode
        let custody: TicketTransfer
    }

    private struct State {
        var tickets: [TicketCode: IssuedTicket] = [:]
        var transfers: [Transfer] = []
        var accounts: [UserID: TicketHolder] = [:]
        var failure: RepositoryError?

        func original(of code: TicketCode) -> TicketCode { transfers.first { $0.to == code }?.original ?? code }
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Date

    /// - Parameter now: The time by which tickets are used and events begin.
    package init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    // MARK: - For tests

    /// From now on every call throws this; nil mends it.
    package func fail(with error: RepositoryError?) { state.withLock { $0.failure = error } }

    /// Adds or replaces a ticket as it is, and makes its holder known.
    package func put(_ ticket: IssuedTicket) {
        state.withLock { state in
            state.tickets[ticket.code] = ticket
            state.accounts[ticket.holder.id] = ticket.holder
        }
    }

    /// Makes an account known, so that tickets can be handed to it.
    package func put(_ account: TicketHolder) { state.withLock { $0.accounts[account.id] = account } }

    // MARK: - Reading

    package func ticket(_ code: TicketCode) async throws(RepositoryError) -> IssuedTicket? {
        try access { state throws(RepositoryError) in state.tickets[code] }
    }

    package func tickets(
        of holder: UserID, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<IssuedTicket> {
        try access { state throws(RepositoryError) in
            let after = state.tickets.values
                .filter { $0.holder.id == holder && $0.status != .transferred }
                .filter { ticket in cursor.map { Self.isBefore(ticket.place, $0) } ?? true }
                .sorted { Self.isBefore($1.place, $0.place) }
            let items = Array(after.prefix(limit))
            return Page(items: items, next: after.count > limit ? items.last?.place : nil)
        }
    }

    package func tickets(of order: OrderID) async throws(RepositoryError) -> [IssuedTicket] {
        try access { state throws(RepositoryError) in
            state.tickets.values.filter { $0.order == order && !$0.isReceived }.sorted { $0.number < $1.number }
        }
    }

    package func custody(of code: TicketCode) async throws(RepositoryError) -> [TicketTransfer] {
        try access { state throws(RepositoryError) in
            let original = state.original(of: code)
            let chain = state.transfers.filter { $0.original == original }
            let end = chain.firstIndex { $0.from == code }.map { $0 + 1 } ?? chain.count
            return chain.prefix(end).map(\.custody)
        }
    }

    // MARK: - Changes

    package func redeem(_ code: TicketCode, _ redemption: Redemption) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard var ticket = state.tickets[code], ticket.status == .valid, ticket.event.id == redemption.event
            else { return false }
            ticket.status = .used
            ticket.use = IssuedTicket.Use(
                at: now(), gate: redemption.gate, nonce: redemption.nonce, administrator: redemption.administrator)
            state.tickets[code] = ticket
            return true
        }
    }

    package func recipient(_ email: EmailAddress) async throws(RepositoryError) -> UserID? {
        try access { state throws(RepositoryError) in
            state.accounts.values.first { $0.email?.lowercased() == email.text.lowercased() }?.id
        }
    }

    package func transfer(
        _ code: TicketCode, from giver: UserID, to recipient: UserID, as newCode: TicketCode
    ) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            let original = state.original(of: code)
            guard let ticket = state.tickets[code], ticket.status == .valid, ticket.holder.id == giver,
                ticket.event.date > now(),
                state.transfers.count(where: { $0.original == original }) < Limits.transfers,
                let to = state.accounts[recipient]
            else { return false }
            state.tickets[code]?.status = .transferred
            var issued = ticket
            issued.code = newCode
            issued.holder = to
            issued.isReceived = true
            issued.issuedAt = now()
            state.tickets[newCode] = issued
            state.transfers.append(
                Transfer(
                    original: original, from: code, to: newCode,
                    custody: TicketTransfer(from: ticket.holder, to: to, at: now())))
            return true
        }
    }

    private func access<Value>(
        _ work: (inout State) throws(RepositoryError) -> Value
    ) throws(RepositoryError) -> Value {
        try state.withLock { state throws(RepositoryError) in
            if let failure = state.failure { throw failure }
            return try work(&state)
        }
    }

    private static func isBefore(_ a: PageCursor, _ b: PageCursor) -> Bool {
        a.date != b.date ? a.date < b.date : a.id.text < b.id.text
    }
}
