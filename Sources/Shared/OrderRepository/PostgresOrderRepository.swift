package import PostgresClient
package import Ticketing

/// The repository in Postgres.
package struct PostgresOrderRepository: OrderRepository {
    let postgres: PostgresClient
    /// Where lists are read: a replica, or the same server. A decision about stock never reads it.
    let replica: PostgresClient
    let partitioning: Partitioning

    package init(postgres: PostgresClient, replica: PostgresClient? = nil, partitioning: Partitioning) {
        self.postgres = postgres
        self.replica = replica ?? postgres
        self.partitioning = partitioning
    }

    package func createUser(
        email: EmailAddress, passwordHash: String, name: String?, role: Role
    ) async throws(RepositoryError) -> User {
        let query = InsertUser.query(email: email, passwordHash: passwordHash, name: name, role: role)
        guard let user = try await first(query, User.init) else {
            throw RepositoryError(.failed, "no row was inserted")
        }
        return user
    }

    package func user(_ id: UserID) async throws(RepositoryError) -> User? {
        try await first(SelectUser.query(id), User.init)
    }

    package func credentials(email: String) async throws(RepositoryError) -> (user: User, passwordHash: String)? {
        try await first(SelectCredentials.query(email: email), SelectCredentials.decode)
    }

    package func setRole(_ role: Role, email: String) async throws(RepositoryError) -> User? {
        try await first(UpdateRole.query(role, email: email), User.init)
    }

    package func createEvent(_ details: EventDetails, by actor: UserID?) async throws(RepositoryError) -> Event {
        let id = EventID()
        do {
            let results = try await postgres.batch([
                InsertEvent.query(id, partitioning.partition(of: id), details),
                InsertAudit.query(.eventCreated, by: actor, on: id, before: nil),
            ])
            guard let row = results.first?.rows.first else {
                throw RepositoryError(.failed, "no row was inserted")
            }
            return try Event(row)
        } catch {
            throw RepositoryError(error)
        }
    }

    package func event(_ id: EventID) async throws(RepositoryError) -> Event? {
        try await first(SelectEvent.query(id), Event.init)
    }

    package func events(
        matching filter: EventFilter, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<Event> {
        let query = SelectEvents.query(matching: filter, after: cursor, limit: limit + 1)
        return page(try await all(query, Event.init), limit: limit) {
            PageCursor(date: $0.details.eventDate, id: $0.id.uuid)
        }
    }

    package func updateEvent(
        _ id: EventID, by actor: UserID, as action: AuditAction, _ change: @Sendable (inout EventDetails) -> Void
    ) async throws(RepositoryError) -> Event? {
        do {
            return try await postgres.withTransaction { connection in
                guard let row = try await connection.query(SelectEvent.locked(id)).rows.first else { return nil }
                let before = try await connection.query(InsertAudit.row(of: id)).rows.first?.decode(String.self)
                let event = try Event(row)
                guard event.cancelledAt == nil else {
                    throw RepositoryError(.eventCancelled, "event \(id) was cancelled")
                }
                var details = event.details
                change(&details)
                guard details != event.details else { return event }
                let updated = try await connection.query(UpdateEvent.query(id, details)).rows.first
                _ = try await connection.query(InsertAudit.query(action, by: actor, on: id, before: before))
                return try updated.map { try Event($0) }
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func order(_ id: OrderID) async throws(RepositoryError) -> Order? {
        try await first(SelectOrder.query(id), Order.init)
    }

    package func orders(
        of user: UserID, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<Order> {
        let query = SelectOrdersOfUser.query(user, after: cursor, limit: limit + 1)
        return page(try await all(query, Order.init), limit: limit) { PageCursor(date: $0.createdAt, id: $0.id.uuid) }
    }

    package func cancel(_ id: OrderID, of user: UserID) async throws(RepositoryError) -> Bool {
        try await affected(CancelPendingOrders.query([id], of: user, .cancelledByBuyer)) == 1
    }

    package func cancelUncommitted(
        _ intent: Intent, _ reason: CancellationReason
    ) async throws(RepositoryError) -> Bool {
        try await affected(InsertCancelledOrder.query(intent, reason)) == 1
    }

    package func holding(
        of user: UserID, in event: EventID
    ) async throws(RepositoryError) -> (held: Int, limit: Int)? {
        try await first(SelectHolding.query(user, event), SelectHolding.decode)
    }

    package func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger? {
        try await first(SelectLedger.query(event), SelectLedger.decode)
    }

    package func ping() async throws(RepositoryError) {
        _ = try await first("SELECT 1::int4") { row throws(PostgresError) in try row.decode(Int32.self) }
    }

    /// How many rows a statement's last part has touched.
    func affected(_ query: PostgresQuery) async throws(RepositoryError) -> Int {
        do { return try await postgres.query(query).affected } catch { throw RepositoryError(error) }
    }

    func first<Value>(
        _ query: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(RepositoryError) -> Value? {
        do {
            guard let row = try await postgres.query(query).rows.first else { return nil }
            return try decode(row)
        } catch {
            throw RepositoryError(error)
        }
    }

    /// The rows of a list, from wherever lists are read.
    func all<Value>(
        _ query: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(RepositoryError) -> [Value] {
        do {
            return try await replica.query(query).rows.map { row throws(PostgresError) in try decode(row) }
        } catch {
            throw RepositoryError(error)
        }
    }

    /// Cuts the row that was read beyond `limit`, which says that there is a next page.
    func page<Item>(_ items: [Item], limit: Int, cursor: (Item) -> PageCursor) -> Page<Item> {
        guard items.count > limit, limit > 0 else { return Page(items: items, next: nil) }
        return Page(items: Array(items.prefix(limit)), next: cursor(items[limit - 1]))
    }
}
