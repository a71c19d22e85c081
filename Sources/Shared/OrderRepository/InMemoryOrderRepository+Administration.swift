package import Foundation
package import Ticketing

extension InMemoryOrderRepository: AdministrationRepository {
    package func setImage(
        _ url: String, of event: EventID, by actor: UserID
    ) async throws(RepositoryError) -> (event: Event, previous: String?)? {
        try access { state throws(RepositoryError) in
            guard let before = state.events[event] else { return nil }
            var after = before
            after.imageURL = url
            after.updatedAt = now()
            state.events[event] = after
            state.note(.imageSet, by: actor, before: before, after: after, at: after.updatedAt)
            return (after, before.imageURL)
        }
    }

    package func orders(
        of event: EventID, matching filter: EventOrderFilter, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<EventOrder> {
        try access { state throws(RepositoryError) in
            let sorted = state.orders(of: event, matching: filter).sorted { Self.isBefore($1.0, $0.0) }
            return Self.page(
                sorted.filter { place, _ in cursor.map { Self.isBefore(place, $0) } ?? true }, limit: limit)
        }
    }

    package func orders(
        of event: EventID, matching filter: EventOrderFilter, before end: Date, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<EventOrder> {
        try access { state throws(RepositoryError) in
            state.exportedPages += 1
            let sorted = state.orders(of: event, matching: filter).sorted { Self.isBefore($0.0, $1.0) }
            return Self.page(
                sorted.filter { place, order in
                    order.order.createdAt < end && cursor.map { Self.isBefore($0, place) } ?? true
                }, limit: limit)
        }
    }

    package func noteExport(
        _ action: AuditAction, of subject: String, by actor: UserID
    ) async throws(RepositoryError) {
        try access { state throws(RepositoryError) in
            state.audit.append(
                AuditEntry(
                    id: Int64(state.audit.count + 1), at: now(), actor: actor,
                    actorEmail: state.accounts[actor]?.user.email, action: action.rawValue, subject: subject,
                    before: nil, after: nil))
        }
    }

    package func auditLog(
        matching filter: AuditFilter, after id: Int64?, limit: Int
    ) async throws(RepositoryError) -> AuditPage {
        try access { state throws(RepositoryError) in
            let found = state.audit.reversed().filter { entry in
                (id.map { entry.id < $0 } ?? true) && (filter.actor.map { entry.actor == $0 } ?? true)
                    && (filter.subject.map { entry.subject == $0 } ?? true)
                    && (filter.action.map { entry.action == $0 } ?? true)
            }
            let items = Array(found.prefix(limit))
            return AuditPage(items: items, next: found.count > limit ? items.last?.id : nil)
        }
    }
}

extension InMemoryOrderRepository.State {
    fileprivate func orders(of event: EventID, matching filter: EventOrderFilter) -> [(PageCursor, EventOrder)] {
        orders.values.compactMap { order in
            let buyer = accounts[order.user]?.user
            let row = EventOrder(order: order, email: buyer?.email ?? "", name: buyer?.name)
            guard order.event == event, filter.status.map({ $0 == order.status }) ?? true,
                filter.email.map({ row.email.lowercased().contains($0.lowercased()) }) ?? true
            else { return nil }
            return (row.place, row)
        }
    }

    /// Adds a line to the audit log, with the little that tests look for.
    mutating func note(_ action: AuditAction, by actor: UserID?, before: Event?, after: Event, at time: Date) {
        audit.append(
            AuditEntry(
                id: Int64(audit.count + 1), at: time, actor: actor,
                actorEmail: actor.flatMap { accounts[$0]?.user.email }, action: action.rawValue,
                subject: after.id.description, before: before.map(Self.json), after: Self.json(after)))
    }

    private static func json(_ event: Event) -> String {
        """
        {"total_tickets": \(event.details.totalTickets), "sale_state": "\(event.details.saleState.rawValue)"}
        """
    }
}

extension EventDetails {
    /// As a search in Postgres, but for accents.
    func matches(_ filter: EventFilter) -> Bool {
        guard filter.from.map({ eventDate >= $0 }) ?? true, filter.to.map({ eventDate < $0 }) ?? true else {
            return false
        }
        guard let wanted = filter.words else { return true }
        let words = Self.words("\(title) \(venue) \(description)")
        let asked = Self.words(wanted)
        guard let last = asked.last else { return false }
        return asked.dropLast().allSatisfy(words.contains) && words.contains { $0.hasPrefix(last) }
    }

    private static func words(_ text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }
    }
}
