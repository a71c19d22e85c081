package import Foundation
import Synchronization
package import Ticketing

/// The repository in memory, by the rules of the Postgres one; what the gateway's tests run on.
package final class InMemoryOrderRepository: OrderRepository {
    struct Account {
        var user: User
        /// nil in an account of an outside provider.
        var passwordHash: String?
    }

    struct State {
        var accounts: [UserID: Account] = [:]
        var events: [EventID: Event] = [:]
        var orders: [OrderID: Order] = [:]
        var sessions: [UUID: Session] = [:]
        var resets: [UserID: PasswordReset] = [:]
        var changes: [AccountChange] = []
        var resetMails: [(email: String, token: String)] = []
        var audit: [AuditEntry] = []
        /// Oldest first.
        var mails: [OrderID: [OrderMail]] = [:]
        /// What the keys of refunds were used for, by order.
        var refundKeys: [OrderID: [IdempotencyKey: String]] = [:]
        var providerEvents: [String: ProviderEvent] = [:]
        var failure: RepositoryError?
        var orderLookups = 0
        var eventLookups = 0
        var eventLists = 0
        var exportedPages = 0
    }

    let state = Mutex(State())
    let now: @Sendable () -> Date

    /// - Parameter now: The time that new rows carry.
    package init(now: @escaping @Sendable () -> Date = { Date() }) {
        // To the microsecond, as Postgres keeps times and cursors name them.
        self.now = { Date(timeIntervalSince1970: (now().timeIntervalSince1970 * 1_000_000).rounded() / 1_000_000) }
    }

    // MARK: - For tests

    /// From now on every call throws this; nil mends it.
    package func fail(with error: RepositoryError?) { state.withLock { $0.failure = error } }

    /// What a lane would have committed: adds or replaces an order. The event's stock is not touched.
    package func put(_ order: Order) { state.withLock { $0.orders[order.id] = order } }

    /// Adds or replaces an event as it is.
    package func put(_ event: Event) { state.withLock { $0.events[event.id] = event } }

    /// One-time tokens that were to be mailed, oldest first.
    package var resetMails: [(email: String, token: String)] { state.withLock(\.resetMails) }

    /// What a dispatcher would have noted: replaces the order's mails, oldest first.
    package func put(_ mails: [OrderMail], of order: OrderID) { state.withLock { $0.mails[order] = mails } }

    /// How often `order` was asked.
    package var orderLookups: Int { state.withLock(\.orderLookups) }

    /// How often `event` was asked.
    package var eventLookups: Int { state.withLock(\.eventLookups) }

    /// How often a page of events was asked.
    package var eventLists: Int { state.withLock(\.eventLists) }

    /// How often a page of an export was asked.
    package var exportedPages: Int { state.withLock(\.exportedPages) }

    // MARK: - Accounts

    package func createUser(
        email: EmailAddress, passwordHash: String, name: String?, role: Role
    ) async throws(RepositoryError) -> User {
        try access { state throws(RepositoryError) in
            guard Self.account(email.text, in: state) == nil else {
                throw RepositoryError(.duplicateEmail, "there is an account with this address")
            }
            let user = User(id: UserID(), email: email.text, name: name, role: role, createdAt: now())
            state.accounts[user.id] = Account(user: user, passwordHash: passwordHash)
            return user
        }
    }

    package func user(_ id: UserID) async throws(RepositoryError) -> User? {
        try access { state throws(RepositoryError) in state.accounts[id]?.user }
    }

    package func credentials(email: String) async throws(RepositoryError) -> (user: User, passwordHash: String)? {
        try access { state throws(RepositoryError) in
            Self.account(email, in: state).flatMap { account in account.passwordHash.map { (account.user, $0) } }
        }
    }

    package func setRole(_ role: Role, email: String) async throws(RepositoryError) -> User? {
        try access { state throws(RepositoryError) in
            guard let id = Self.account(email, in: state)?.user.id else { return nil }
            state.accounts[id]?.user.role = role
            return state.accounts[id]?.user
        }
    }

    // MARK: - Events

    package func createEvent(_ details: EventDetails, by actor: UserID?) async throws(RepositoryError) -> Event {
        try access { state throws(RepositoryError) in
            let time = now()
            let event = Event(
                id: EventID(), details: details, availableTickets: details.totalTickets, imageURL: nil,
                createdAt: time, updatedAt: time)
            state.events[event.id] = event
            state.note(.eventCreated, by: actor, before: nil, after: event, at: time)
            return event
        }
    }

    package func event(_ id: EventID) async throws(RepositoryError) -> Event? {
        try access { state throws(RepositoryError) in
            state.eventLookups += 1
            return state.events[id]
        }
    }

    package func events(
        matching filter: EventFilter, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<Event> {
        try access { state throws(RepositoryError) in
            state.eventLists += 1
            let sorted = state.events.values.filter { $0.details.matches(filter) }
                .map { (PageCursor(date: $0.details.eventDate, id: $0.id.uuid), $0) }
                .sorted { Self.isBefore($0.0, $1.0) }
            return Self.page(
                sorted.filter { place, _ in cursor.map { Self.isBefore($0, place) } ?? true }, limit: limit)
        }
    }

    package func updateEvent(
        _ id: EventID, by actor: UserID, as action: AuditAction, _ change: @Sendable (inout EventDetails) -> Void
    ) async throws(RepositoryError) -> Event? {
        try access { state throws(RepositoryError) in
            guard var event = state.events[id] else { return nil }
            guard event.cancelledAt == nil else {
                throw RepositoryError(.eventCancelled, "event \(id) was cancelled")
            }
            let before = event
            let taken = event.details.totalTickets - event.availableTickets
            change(&event.details)
            guard event.details != before.details else { return event }
            guard event.details.totalTickets >= taken else {
                throw RepositoryError(.capacityBelowSold, "\(taken) tickets are sold or pending")
            }
            event.availableTickets = event.details.totalTickets - taken
            event.updatedAt = now()
            state.events[id] = event
            state.note(action, by: actor, before: before, after: event, at: event.updatedAt)
            return event
        }
    }

    // MARK: - Orders

    package func order(_ id: OrderID) async throws(RepositoryError) -> Order? {
        try access { state throws(RepositoryError) in
            state.orderLookups += 1
            return state.orders[id]
        }
    }

    package func orders(
        of user: UserID, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<Order> {
        try access { state throws(RepositoryError) in
            let sorted = state.orders.values.filter { $0.user == user }
                .map { (PageCursor(date: $0.createdAt, id: $0.id.uuid), $0) }
                .sorted { Self.isBefore($1.0, $0.0) }
            return Self.page(
                sorted.filter { place, _ in cursor.map { Self.isBefore(place, $0) } ?? true }, limit: limit)
        }
    }

    package func cancel(_ id: OrderID, of user: UserID) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard var order = state.orders[id], order.user == user, order.status == .pending else { return false }
            order.status = .cancelled
            order.reason = .cancelledByBuyer
            order.updatedAt = now()
            state.orders[id] = order
            state.events[order.event]?.availableTickets += order.quantity
            return true
        }
    }

    package func holding(
        of user: UserID, in event: EventID
    ) async throws(RepositoryError) -> (held: Int, limit: Int)? {
        try access { state throws(RepositoryError) in
            guard let row = state.events[event] else { return nil }
            let held = state.orders.values.filter { $0.user == user && $0.event == event && $0.status.holdsStock }
                .map(\.quantity).reduce(0, +)
            return (held, row.details.limitPerBuyer)
        }
    }

    package func cancelUncommitted(
        _ intent: Intent, _ reason: CancellationReason
    ) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard state.orders[intent.order] == nil else { return false }
            state.orders[intent.order] = Order(
                id: intent.order, user: intent.user, event: intent.event, quantity: intent.quantity,
                total: intent.total, paymentMethod: intent.paymentMethod, status: .cancelled,
                reason: reason, tickets: [], createdAt: now(), updatedAt: now())
            return true
        }
    }

    package func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger? {
        try access { state throws(RepositoryError) in
            guard let row = state.events[event] else { return nil }
            var ledger = EventLedger(
                capacity: row.details.totalTickets, available: row.availableTickets, pending: 0, sold: 0, cancelled: 0)
            for order in state.orders.values where order.event == event {
                switch order.status {
                case .pending, .paid: ledger.pending += order.quantity
                case .confirmed: ledger.sold += order.quantity
                case .cancelled, .refunded: ledger.cancelled += order.quantity
                }
            }
            return ledger
        }
    }

    package func ping() async throws(RepositoryError) {
        try access { _ throws(RepositoryError) in }
    }

    // MARK: - Rows

    func access<Value>(
        _ work: (inout State) throws(RepositoryError) -> Value
    ) throws(RepositoryError) -> Value {
        try state.withLock { state throws(RepositoryError) in
            if let failure = state.failure { throw failure }
            return try work(&state)
        }
    }

    static func account(_ email: String, in state: State) -> Account? {
        state.accounts.values.first { $0.user.email.lowercased() == email.lowercased() }
    }

    /// By date, then id as Postgres compares UUIDs: byte by byte.
    static func isBefore(_ a: PageCursor, _ b: PageCursor) -> Bool {
        a.date != b.date ? a.date < b.date : a.id.text < b.id.text
    }

    static func page<Item>(_ rows: [(PageCursor, Item)], limit: Int) -> Page<Item> {
        let items = rows.prefix(limit)
        return Page(items: items.map(\.1), next: rows.count > limit ? items.last?.0 : nil)
    }
}
