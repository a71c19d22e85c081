package import Foundation
package import Ticketing

/// What an order gets back, as its owner sees it.
package struct OrderRefund: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        /// On its way to the payment provider.
        case requested
        case refunded
        /// Refused by the provider for good: a person must see to it.
        case failed
    }

    package var amount: Money
    package var status: Status
    package var createdAt: Date

    package init(amount: Money, status: Status, createdAt: Date) {
        self.amount = amount
        self.status = status
        self.createdAt = createdAt
    }
}

/// An administrator's wish to give an order's money back, or that of some of its tickets.
package struct RefundRequest: Hashable, Sendable {
    package var order: OrderID
    /// nil: all that are valid.
    package var tickets: [TicketCode]?
    package var reason: String?
    /// The same key is the same refund of the order.
    package var key: IdempotencyKey?
    package var actor: UserID

    package init(order: OrderID, tickets: [TicketCode]?, reason: String?, key: IdempotencyKey?, actor: UserID) {
        self.order = order
        self.tickets = tickets
        self.reason = reason
        self.key = key
        self.actor = actor
    }

    /// What was asked for, to be compared with what the key was used for before.
    var fingerprint: String {
        ((tickets.map { $0.map(\.text).sorted() } ?? ["all"]) + ["", reason ?? ""]).joined(separator: " ")
    }
}

package enum RefundDecision: Hashable, Sendable {
    /// The tickets are cancelled and the refund is on its way, now or by an earlier request under the same key.
    case accepted(Order)
    case refused(RefundRefusal)
    case unknownOrder
}

package enum RefundRefusal: Hashable, Sendable {
    /// Only a confirmed order has something to give back.
    case notConfirmed(OrderStatus)
    /// The order has no such ticket.
    case unknownTicket(TicketCode)
    /// The ticket was used or paid back.
    case ticketNotValid(TicketCode, TicketStatus)
    /// No ticket was named, or none is left.
    case noTickets
    /// The key was used for another refund of the order.
    case reusedKey
}

/// One of an order's tickets, under the code it has now.
struct LiveTicket: Hashable, Sendable {
    /// The code that the order got; another than `code` once the ticket was handed on.
    let original: TicketCode
    let code: TicketCode
    let status: TicketStatus
}

/// Decides what a refund gives back: state only.
///
/// A ticket that was handed on is paid back to the buyer and taken from whoever has it: it may be named by the code it
/// has or by the one that the order got.
///
/// Each ticket is worth its part of the order's total, which is its price times the quantity. Who pays the last ticket
/// back gives what is left, so that the parts make the whole. Then the order ends, and its units return to the stock
/// all at once: units return once for each order (I13), so those of single tickets stay sold until then.
struct RefundPlan: Hashable, Sendable {
    let tickets: [TicketCode]
    let amount: Money
    /// Whether the order has no ticket left by this.
    let isWhole: Bool

    /// - Parameter live: The order's tickets, each once.
    init(_ order: Order, _ live: [LiveTicket], tickets wanted: [TicketCode]?) throws(RefundRefused) {
        guard order.status == .confirmed else { throw RefundRefused(.notConfirmed(order.status)) }
        let left = live.filter { $0.status != .cancelled }
        var chosen: [TicketCode] = []
        for code in wanted ?? left.filter({ $0.status == .valid }).map(\.code) {
            guard let ticket = live.first(where: { $0.code == code || $0.original == code }) else {
                throw RefundRefused(.unknownTicket(code))
            }
            guard ticket.status == .valid else { throw RefundRefused(.ticketNotValid(code, ticket.status)) }
            if !chosen.contains(ticket.code) { chosen.append(ticket.code) }
        }
        guard !chosen.isEmpty else { throw RefundRefused(.noTickets) }
        // One that was used keeps the order from ending.
        isWhole = chosen.count == left.count
        tickets = chosen
        let returned = order.refunds.map(\.amount.amount).reduce(0, +)
        let share = order.total.amount / Int64(order.quantity) * Int64(chosen.count)
        let rest = order.total.amount - returned
        guard let amount = Money(amount: isWhole ? rest : min(share, rest), currency: order.total.currency) else {
            throw RefundRefused(.noTickets)
        }
        self.amount = amount
    }
}

/// Why a `RefundPlan` could not be made.
struct RefundRefused: Error {
    let refusal: RefundRefusal

    init(_ refusal: RefundRefusal) { self.refusal = refusal }
}
