import Foundation
import OrderRepository
import Security
import Ticketing

/// A ticket in JSON, as far as its viewer may know it.
struct TicketResponse: Encodable {
    struct EventSummary: Encodable {
        let id: String
        let title: String
        let venue: String
        let eventDate: String
    }

    struct Person: Encodable {
        let id: String
        let name: String?
        let email: String?
    }

    /// One change of hands.
    struct Handover: Encodable {
        let from: Person?
        let to: Person?
        let at: String
    }

    let code: String
    let status: String
    let event: EventSummary
    let orderId: String
    let number: Int
    let count: Int
    let holder: Person
    let issuedAt: String
    let usedAt: String?
    let gate: String?
    /// Absent in lists.
    let custody: [Handover]?

    init(_ ticket: IssuedTicket, custody: [TicketTransfer]? = nil, for viewer: Identity) {
        code = ticket.code.text
        status = ticket.status.rawValue
        event = EventSummary(
            id: ticket.event.id.description, title: ticket.event.title, venue: ticket.event.venue,
            eventDate: Timestamp.text(ticket.event.date))
        orderId = ticket.order.description
        number = ticket.number
        count = ticket.count
        holder = Person(id: ticket.holder.id.description, name: ticket.holder.name, email: ticket.holder.email)
        issuedAt = Timestamp.text(ticket.issuedAt)
        usedAt = ticket.use.map { Timestamp.text($0.at) }
        gate = ticket.use?.gate
        self.custody = custody?.map { transfer in
            Handover(
                from: Self.person(transfer.from, in: transfer, for: viewer),
                to: Self.person(transfer.to, in: transfer, for: viewer), at: Timestamp.text(transfer.at))
        }
    }

    /// Those who handed a ticket to each other know each other's address. Nobody learns the name behind an address by
    /// handing a ticket to it, nor who had the ticket before that; an administrator sees it all.
    private static func person(
        _ holder: TicketHolder?, in transfer: TicketTransfer, for viewer: Identity
    ) -> Person? {
        holder.map {
            let isParty = [transfer.from?.id, transfer.to?.id].contains(viewer.userID)
            let isAdministrator = viewer.role == .admin
            return Person(
                id: $0.id.description, name: isAdministrator || $0.id == viewer.userID ? $0.name : nil,
                email: isAdministrator || isParty ? $0.email : nil)
        }
    }
}

/// What a gate is told, in JSON.
struct RedemptionResponse: Encodable {
    let result: String
    let usedAt: String?
    /// Where it was used.
    let gate: String?
    let holderName: String?
    let ticketNumber: Int?
    let ticketCount: Int?

    /// - Parameter ticket: nil when there is none of the code.
    init(_ result: RedemptionResult, _ ticket: IssuedTicket?) {
        self.result = result.rawValue
        usedAt = ticket?.use.map { Timestamp.text($0.at) }
        gate = ticket?.use?.gate
        holderName = ticket?.holder.name
        ticketNumber = ticket?.number
        ticketCount = ticket?.count
    }
}
