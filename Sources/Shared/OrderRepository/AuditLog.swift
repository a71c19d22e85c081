package import Foundation
package import Ticketing

/// What administrators do, as the audit log names it.
package enum AuditAction: String, Hashable, Sendable, CaseIterable {
    case eventCreated = "event.create"
    case eventChanged = "event.update"
    case saleSet = "event.sale"
    case imageSet = "event.image"
    case eventCancelled = "event.cancel"
    case eventDeleted = "event.delete"
    case orderRefunded = "order.refund"
    case ticketRedeemed = "ticket.redeem"
    case userChanged = "user.update"
    case userDeleted = "user.delete"
    case userExported = "user.export"
    case ordersExported = "event.export"
}

/// One line of the audit log.
package struct AuditEntry: Hashable, Sendable {
    package var id: Int64
    package var at: Date
    /// Who it was; nil: the operator's command.
    package var actor: UserID?
    /// The account's address as it is now; nil when there is no such account any more.
    package var actorEmail: String?
    /// The raw value of an `AuditAction`, or one of another version.
    package var action: String
    /// The id of what it was done to.
    package var subject: String
    /// JSON objects of what was different before and after; nil: nothing was, or there was nothing.
    package var before: String?
    package var after: String?

    package init(
        id: Int64, at: Date, actor: UserID?, actorEmail: String?, action: String, subject: String, before: String?,
        after: String?
    ) {
        self.id = id
        self.at = at
        self.actor = actor
        self.actorEmail = actorEmail
        self.action = action
        self.subject = subject
        self.before = before
        self.after = after
    }
}

/// Which lines of the audit log are wanted.
package struct AuditFilter: Hashable, Sendable {
    package var actor: UserID?
    package var subject: String?
    package var action: String?

    package init(actor: UserID? = nil, subject: String? = nil, action: String? = nil) {
        self.actor = actor
        self.subject = subject
        self.action = action
    }
}

/// A page of the audit log, newest first.
package struct AuditPage: Sendable {
    package var items: [AuditEntry]
    /// The id of the last line, after which the next page begins; nil on the last page.
    package var next: Int64?

    package init(items: [AuditEntry], next: Int64?) {
        self.items = items
        self.next = next
    }
}
