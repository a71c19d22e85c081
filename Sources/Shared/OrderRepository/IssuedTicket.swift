import Crypto
package import Foundation
package import Ticketing

/// One ticket with all that a holder, a gate or a printed page needs of it.
package struct IssuedTicket: Hashable, Sendable {
    package struct Event: Hashable, Sendable {
        package var id: EventID
        package var title: String
        package var venue: String
        package var date: Date

        package init(id: EventID, title: String, venue: String, date: Date) {
            self.id = id
            self.title = title
            self.venue = venue
            self.date = date
        }
    }

    /// That somebody was let in by it.
    package struct Use: Hashable, Sendable {
        package var at: Date
        package var gate: String?
        /// nil where none was noted, like the administrator.
        package var nonce: RedemptionNonce?
        package var administrator: UserID?

        package init(at: Date, gate: String?, nonce: RedemptionNonce?, administrator: UserID?) {
            self.at = at
            self.gate = gate
            self.nonce = nonce
            self.administrator = administrator
        }
    }

    package var code: TicketCode
    package var status: TicketStatus
    package var order: OrderID
    /// Whose order it is.
    package var buyer: UserID
    /// Which of its order's tickets it is, from 1 to `count`; stays the same when it changes hands.
    package var number: Int
    package var count: Int
    package var event: Event
    /// Who has it, or had it while it had this code.
    package var holder: TicketHolder
    /// Whether it was handed to its holder, and not bought.
    package var isReceived: Bool
    package var issuedAt: Date
    package var use: Use?

    package init(
        code: TicketCode, status: TicketStatus, order: OrderID, buyer: UserID, number: Int, count: Int, event: Event,
        holder: TicketHolder, isReceived: Bool, issuedAt: Date, use: Use?
    ) {
        self.code = code
        self.status = status
        self.order = order
        self.buyer = buyer
        self.number = number
        self.count = count
        self.event = event
        self.holder = holder
        self.isReceived = isReceived
        self.issuedAt = issuedAt
        self.use = use
    }

    /// Its place in a list, newest first. A digest stands for the code, so that a list's address gives no code away.
    package var place: PageCursor {
        let digest = Array(Insecure.MD5.hash(data: Array(code.text.utf8)))
        return PageCursor(date: issuedAt, id: digest.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }
}

/// An account that has or had a ticket.
package struct TicketHolder: Hashable, Sendable {
    package var id: UserID
    package var name: String?
    /// nil when the account is gone.
    package var email: String?

    package init(id: UserID, name: String?, email: String?) {
        self.id = id
        self.name = name
        self.email = email
    }
}

/// That a ticket changed hands.
package struct TicketTransfer: Hashable, Sendable {
    /// nil when the account is gone.
    package var from: TicketHolder?
    package var to: TicketHolder?
    package var at: Date

    package init(from: TicketHolder?, to: TicketHolder?, at: Date) {
        self.from = from
        self.to = to
        self.at = at
    }
}

extension Redemption {
    /// What to tell a gate whose redemption has changed nothing, by the ticket as it was found afterwards. The scan
    /// that admitted, sent again, is told so again; everybody else that the ticket was used.
    package func result(for ticket: IssuedTicket?) -> RedemptionResult {
        guard let ticket else { return .unknown }
        guard ticket.event.id == event else { return .wrongEvent }
        switch ticket.status {
        case .used:
            let isSameScan =
                ticket.use?.nonce == nonce && ticket.use?.gate == gate && ticket.use?.administrator == administrator
            return isSameScan ? .admitted : .alreadyUsed
        case .cancelled: return .cancelled
        case .transferred: return .transferred
        // It was not there a moment ago, or else it would have been redeemed.
        case .valid: return .unknown
        }
    }
}
