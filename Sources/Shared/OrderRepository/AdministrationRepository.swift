package import Foundation
package import Ticketing

/// What administrators ask of Postgres beside events themselves: an event's image and orders, and the audit log.
///
/// Live: `PostgresOrderRepository`. In memory: `InMemoryOrderRepository`.
package protocol AdministrationRepository: Sendable {
    /// Shows another image with the event, and notes that in the audit log. Returns the event, and the address of the
    /// image before; nil when there is no such event.
    func setImage(
        _ url: String, of event: EventID, by actor: UserID
    ) async throws(RepositoryError) -> (event: Event, previous: String?)?

    /// A page of an event's orders, newest first, after `cursor`.
    func orders(
        of event: EventID, matching filter: EventOrderFilter, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<EventOrder>

    /// The same, oldest first, of the orders made before `end`: what is sold meanwhile does not make it longer.
    func orders(
        of event: EventID, matching filter: EventOrderFilter, before end: Date, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<EventOrder>

    /// Notes in the audit log that an administrator has taken data away: `.userExported` or `.ordersExported`.
    func noteExport(_ action: AuditAction, of subject: String, by actor: UserID) async throws(RepositoryError)

    /// A page of the audit log, newest first, of lines older than `id`.
    func auditLog(
        matching filter: AuditFilter, after id: Int64?, limit: Int
    ) async throws(RepositoryError) -> AuditPage
}

/// Which of an event's orders are wanted.
package struct EventOrderFilter: Hashable, Sendable {
    package var status: OrderStatus?
    /// A part of the buyer's e-mail address, in any case.
    package var email: String?

    package init(status: OrderStatus? = nil, email: String? = nil) {
        self.status = status
        self.email = email
    }
}

/// An order with its buyer, as an organiser sees it.
package struct EventOrder: Hashable, Sendable {
    package var order: Order
    package var email: String
    package var name: String?

    package init(order: Order, email: String, name: String?) {
        self.order = order
        self.email = email
        self.name = name
    }

    /// Its place in a list by time.
    package var place: PageCursor { PageCursor(date: order.createdAt, id: order.id.uuid) }
}
