import Foundation
import Logging
import Observability
import OrderRepository
import Security
import Ticketing

/// What holders and gates do with tickets.
struct TicketService: Sendable {
    let tickets: any TicketRepository
    let limiter: SignInLimiter
    let logger: Logger

    /// - Throws: `ticket_not_found` also for other people's tickets, so that nobody learns whether a code is one.
    func ticket(_ code: TicketCode, for viewer: Identity) async throws -> IssuedTicket {
        guard let ticket = try await tickets.ticket(code), ticket.holder.id == viewer.userID || viewer.role == .admin
        else { throw TicketProblems.notFound }
        return ticket
    }

    func detail(_ code: TicketCode, for viewer: Identity) async throws -> TicketResponse {
        let ticket = try await ticket(code, for: viewer)
        return TicketResponse(ticket, custody: try await tickets.custody(of: code), for: viewer)
    }

    func page(of viewer: Identity, after cursor: PageCursor?, limit: Int) async throws -> ListResponse<TicketResponse> {
        let page = try await tickets.tickets(of: viewer.userID, after: cursor, limit: limit)
        return ListResponse(
            items: page.items.map { TicketResponse($0, for: viewer) }, nextCursor: page.next?.text)
    }

    /// The tickets of an order as its buyer got them.
    /// - Throws: `order_not_found` when there are none (yet), or it is not the viewer's.
    func tickets(of order: OrderID, for viewer: Identity) async throws -> [IssuedTicket] {
        let tickets = try await tickets.tickets(of: order)
        guard let buyer = tickets.first?.buyer, buyer == viewer.userID || viewer.role == .admin else {
            throw OrderProblems.notFound
        }
        return tickets
    }

    /// Lets somebody in, or says why not. Sent again with the same nonce it gives the same answer.
    ///
    /// - Parameter code: nil for a text that is none.
    func redeem(_ code: TicketCode?, _ redemption: Redemption) async throws -> RedemptionResponse {
        guard let code else { return RedemptionResponse(.unknown, nil) }
        let isAdmitted = try await tickets.redeem(code, redemption)
        let ticket = try await tickets.ticket(code)
        return RedemptionResponse(isAdmitted ? .admitted : redemption.result(for: ticket), ticket)
    }

    /// Hands a ticket of the viewer's to another account, and returns what is left of it. Sent again for the same
    /// address it changes nothing.
    ///
    /// The ticket is looked at before the address: whether an address has an account is told only to somebody who has a
    /// ticket to give. Registration tells it too, so a mail that has to be answered first would hide nothing.
    func transfer(_ code: TicketCode, to email: EmailAddress, by viewer: Identity) async throws -> TicketResponse {
        guard let ticket = try await tickets.ticket(code), ticket.holder.id == viewer.userID else {
            throw TicketProblems.notFound
        }
        let custody = try await tickets.custody(of: code)
        if Self.isGiven(ticket, custody, to: email) { return TicketResponse(ticket, custody: custody, for: viewer) }
        if let refusal = Self.refusal(of: ticket, custody) { throw refusal }
        try await limiter.transfer(by: viewer.userID)
        guard let recipient = try await tickets.recipient(email) else { throw TicketProblems.recipientUnknown }
        guard recipient != viewer.userID else {
            throw Problem.validation([FieldError("email", "must be somebody else's address")])
        }
        var generator = SystemRandomNumberGenerator()
        let isTransferred = try await tickets.transfer(
            code, from: viewer.userID, to: recipient, as: TicketCode(using: &generator))
        // As it is now, by this call or by one that was faster.
        guard let left = try await tickets.ticket(code) else { throw TicketProblems.notFound }
        let now = try await tickets.custody(of: code)
        guard isTransferred || Self.isGiven(left, now, to: email) else {
            throw Self.refusal(of: left, now) ?? TicketProblems.eventStarted
        }
        if isTransferred {
            logger.info(
                "ticket.transferred",
                metadata: [LogKey.orderID: "\(left.order)", LogKey.userID: "\(viewer.userID)"])
        }
        return TicketResponse(left, custody: now, for: viewer)
    }

    /// Whether the ticket was handed to this address already.
    private static func isGiven(_ ticket: IssuedTicket, _ custody: [TicketTransfer], to email: EmailAddress) -> Bool {
        ticket.status == .transferred && custody.last?.to?.email?.lowercased() == email.text.lowercased()
    }

    private static func refusal(of ticket: IssuedTicket, _ custody: [TicketTransfer]) -> Problem? {
        switch ticket.status {
        case .used: TicketProblems.used
        case .cancelled: TicketProblems.cancelled
        case .transferred: TicketProblems.transferred
        case .valid where ticket.event.date <= Date(): TicketProblems.eventStarted
        case .valid where custody.count >= Limits.transfers: TicketProblems.transferLimit
        case .valid: nil
        }
    }
}

enum TicketProblems {
    /// Also for other people's tickets, so that codes cannot be tried out.
    static let notFound = Problem(.ticketNotFound, "You have no such ticket.")
    static let recipientUnknown = Problem(
        .recipientUnknown, "There is no account with this e-mail address. Its owner has to register first.")
    static let used = Problem(.ticketUsed, "The ticket was used.")
    static let cancelled = Problem(.ticketCancelled, "The ticket was cancelled.")
    static let transferred = Problem(.ticketTransferred, "The ticket was handed to somebody else.")
    static let eventStarted = Problem(.eventStarted, "The event has begun; tickets stay with their holders.")
    static let transferLimit = Problem(
        .transferLimit, "The ticket has changed hands \(Limits.transfers) times and cannot do so again.")
}
