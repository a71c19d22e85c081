package import Foundation
package import Ticketing

/// What the gateway asks of Postgres: accounts, events and orders; nothing of it is on the purchase path.
///
/// Live: `PostgresOrderRepository`. In memory: `InMemoryOrderRepository`.
package protocol OrderRepository: OrderMailRepository {
    // Accounts.
    /// - Throws: `.duplicateEmail` when the address has an account, in whatever case it is written.
    func createUser(
        email: EmailAddress, passwordHash: String, name: String?, role: Role
    ) async throws(RepositoryError) -> User
    func user(_ id: UserID) async throws(RepositoryError) -> User?
    /// The account of an e-mail address (any case) and its password hash.
    func credentials(email: String) async throws(RepositoryError) -> (user: User, passwordHash: String)?
    /// Returns nil when there is no such account.
    func setRole(_ role: Role, email: String) async throws(RepositoryError) -> User?

    // Events.
    /// - Parameter actor: Who is named in the audit log; nil: the operator's command.
    func createEvent(_ details: EventDetails, by actor: UserID?) async throws(RepositoryError) -> Event
    func event(_ id: EventID) async throws(RepositoryError) -> Event?
    /// A page of the events that `filter` lets through, by date, then id, after `cursor`.
    func events(
        matching filter: EventFilter, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<Event>
    /// Replaces the event's details by what `change` makes of them, under a row lock, and notes it in the audit log as
    /// `action`; nil when there is no such event. Details that stay as they are change nothing, and are not noted.
    /// - Throws: `.capacityBelowSold` when the new total is less than what is sold or pending;
    ///   `.eventCancelled`.
    func updateEvent(
        _ id: EventID, by actor: UserID, as action: AuditAction, _ change: @Sendable (inout EventDetails) -> Void
    ) async throws(RepositoryError) -> Event?

    // Orders.
    func order(_ id: OrderID) async throws(RepositoryError) -> Order?
    /// A page of the user's orders, newest first, after `cursor`.
    func orders(of user: UserID, after cursor: PageCursor?, limit: Int) async throws(RepositoryError) -> Page<Order>
    /// Cancels the user's order when it is pending: units back, and the charge to be ended. Returns whether it was.
    func cancel(_ id: OrderID, of user: UserID) async throws(RepositoryError) -> Bool
    /// Writes an accepted order that no lane has committed down as cancelled. Should it be on the stream, its lane
    /// finds it and gives its units back. Returns false when there is an order of this id: then `cancel` is for it.
    func cancelUncommitted(_ intent: Intent, _ reason: CancellationReason) async throws(RepositoryError) -> Bool
    /// Units of the event that the user's orders hold, and how many they may; nil when there is no such event.
    func holding(of user: UserID, in event: EventID) async throws(RepositoryError) -> (held: Int, limit: Int)?
    /// nil when there is no such event.
    func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger?

    /// Whether Postgres answers now.
    func ping() async throws(RepositoryError)
}

extension OrderRepository {
    package func createEvent(_ details: EventDetails) async throws(RepositoryError) -> Event {
        try await createEvent(details, by: nil)
    }

    package func updateEvent(
        _ id: EventID, by actor: UserID, _ change: @Sendable (inout EventDetails) -> Void
    ) async throws(RepositoryError) -> Event? {
        try await updateEvent(id, by: actor, as: .eventChanged, change)
    }
}

/// A place in a list: the sort key and id of the last row of the page before. Its text is opaque to clients.
package struct PageCursor: Hashable, Sendable {
    package let date: Date
    package let id: UUID

    package init(date: Date, id: UUID) {
        self.date = date
        self.id = id
    }

    /// Microseconds since 1970 and the id, URL-safe.
    package var text: String { "\(Int64((date.timeIntervalSince1970 * 1_000_000).rounded())).\(id.text)" }

    /// The years from 0 to 9999, which Postgres can hold.
    private static let microseconds: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_800_000_000

    /// nil when the text is not one that `text` gave.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let microseconds = Int64(parts[0]), Self.microseconds.contains(microseconds),
            let id = UUID(text: parts[1].utf8)
        else { return nil }
        self.init(date: Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), id: id)
    }
}

package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// nil on the last page.
    package var next: PageCursor?

    package init(items: [Item], next: PageCursor?) {
        self.items = items
        self.next = next
    }
}

package struct RepositoryError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        case duplicateEmail = "duplicate_email"
        case capacityBelowSold = "capacity_below_sold"
        /// The event was cancelled and cannot be changed any more.
        case eventCancelled = "event_cancelled"
        /// A constraint refused a row of a lane's batch; nothing was written. `reason` says what its order ends with.
        case rowRejected = "row_rejected"
        /// Postgres is not reachable, or every connection is busy for too long.
        case unavailable
        /// A statement failed in a way that is our fault.
        case failed
    }

    package let code: Code
    package let message: String
    package let underlying: (any Error)?
    package let reason: CancellationReason?

    package init(
        _ code: Code, _ message: String, underlying: (any Error)? = nil, reason: CancellationReason? = nil
    ) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.reason = reason
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
