package import Foundation
import PostgresClient
package import Ticketing

extension PostgresOrderRepository: AdministrationRepository {
    package func setImage(
        _ url: String, of event: EventID, by actor: UserID
    ) async throws(RepositoryError) -> (event: Event, previous: String?)? {
        do {
            return try await postgres.withTransaction { connection in
                guard let row = try await connection.query(SelectEvent.locked(event)).rows.first else { return nil }
                let previous = try Event(row).imageURL
                let before = try await connection.query(InsertAudit.row(of: event)).rows.first?.decode(String.self)
                let updated = try await connection.query(UpdateEventImage.query(event, url: url)).rows.first
                _ = try await connection.query(
                    InsertAudit.query(.imageSet, by: actor, on: event, before: before))
                return try updated.map { (try Event($0), previous) }
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func orders(
        of event: EventID, matching filter: EventOrderFilter, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<EventOrder> {
        let query = SelectOrdersOfEvent.newest(event, matching: filter, after: cursor, limit: limit + 1)
        return page(try await withBuyers(try await all(query, Order.init)), limit: limit, cursor: \.place)
    }

    package func orders(
        of event: EventID, matching filter: EventOrderFilter, before end: Date, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<EventOrder> {
        let query = SelectOrdersOfEvent.oldest(event, matching: filter, before: end, after: cursor, limit: limit + 1)
        return page(try await withBuyers(try await all(query, Order.init)), limit: limit, cursor: \.place)
    }

    package func noteExport(
        _ action: AuditAction, of subject: String, by actor: UserID
    ) async throws(RepositoryError) {
        _ = try await affected(InsertAudit.query(action, by: actor, on: subject, before: nil, after: nil))
    }

    package func auditLog(
        matching filter: AuditFilter, after id: Int64?, limit: Int
    ) async throws(RepositoryError) -> AuditPage {
        let found = try await all(
            SelectAudit.query(matching: filter, after: id, limit: limit + 1), SelectAudit.decode)
        let items = Array(found.prefix(limit))
        return AuditPage(items: items, next: found.count > limit ? items.last?.id : nil)
    }

    /// An account that went between the two readings has no address any more.
    private func withBuyers(_ orders: [Order]) async throws(RepositoryError) -> [EventOrder] {
        guard !orders.isEmpty else { return [] }
        let users = try await all(SelectUsersByID.query(Array(Set(orders.map(\.user)))), User.init)
        let buyers = Dictionary(users.map { ($0.id, $0) }) { $1 }
        return orders.map { order in
            EventOrder(order: order, email: buyers[order.user]?.email ?? "", name: buyers[order.user]?.name)
        }
    }
}
