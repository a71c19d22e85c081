import Foundation
import Logging
import PostgresClient
import TestSupport
import Ticketing

@testable import OrderRepository

/// A database of its own for one test, migrated, with the repositories on it. `close()` ends its connections.
struct TestDatabase {
    let server: PostgresServer
    let url: String
    /// As a gateway connects.
    let postgres: PostgresClient
    /// As a lane connects.
    let lanePostgres: PostgresClient
    let repository: PostgresOrderRepository
    let lanes: PostgresLaneRepository

    /// A server for these tests alone: they run all at once, with several sessions each.
    private static let ownServer = Result { try PostgresServer(settings: ["max_connections": "500"]) }

    static let partitioning = Partitioning(count: 4)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() async throws {
        try self.init(on: try Self.ownServer.get())
        _ = try await migrator.up()
    }

    /// The same database through other connections.
    func connected(_ postgres: PostgresClient) -> TestDatabase {
        TestDatabase(
            server: server, url: url, postgres: postgres, lanePostgres: lanePostgres,
            repository: PostgresOrderRepository(postgres: postgres, partitioning: Self.partitioning), lanes: lanes)
    }

    private init(
        server: PostgresServer, url: String, postgres: PostgresClient, lanePostgres: PostgresClient,
        repository: PostgresOrderRepository, lanes: PostgresLaneRepository
    ) {
        self.server = server
        self.url = url
        self.postgres = postgres
        self.lanePostgres = lanePostgres
        self.repository = repository
        self.lanes = lanes
    }

    private init(on server: PostgresServer) throws {
        self.server = server
        self.url = try server.createDatabase()
        self.postgres = try Self.client(url)
        self.lanePostgres = try Self.client(PostgresLaneRepository.laneURL(url))
        self.repository = PostgresOrderRepository(postgres: postgres, partitioning: Self.partitioning)
        self.lanes = PostgresLaneRepository(postgres: lanePostgres)
    }

    /// A database without any schema.
    static func empty() throws -> TestDatabase { try TestDatabase(on: try ownServer.get()) }

    static func client(_ url: String) throws -> PostgresClient {
        var configuration = try PostgresConfiguration(url: url)
        configuration.maxConnections = 4
        // A busy machine may take its time to fork a session.
        configuration.acquireTimeout = .seconds(30)
        configuration.connectTimeout = .seconds(30)
        return PostgresClient(configuration: configuration, logger: logger)
    }

    var migrator: Migrator { Migrator(postgres: postgres, logger: Self.logger) }

    func close() async {
        await postgres.close()
        await lanePostgres.close()
    }

    /// Waits until the server has no session left on this database but its own.
    func waitForEndOfSessions() async throws {
        try await eventually("the sessions have ended") {
            try sql(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
                """) == "0"
        }
    }

    /// Runs SQL behind the back of the code under test and returns its bare output.
    @discardableResult
    func sql(_ text: String) throws -> String { try server.psql(text, url: url) }

    func count(_ table: String, where condition: String = "true") throws -> Int {
        Int(try sql("SELECT count(*) FROM \(table) WHERE \(condition)")) ?? -1
    }

    func makeUser(_ email: String = "\(UUID().uuidString.lowercased())@example.com") async throws -> User {
        try await repository.createUser(email: EmailAddress(email)!, passwordHash: "-", name: nil, role: .user)
    }

    /// Many users at once, behind the repository's back.
    func makeUsers(_ count: Int) throws -> [UserID] {
        try sql(
            """
            INSERT INTO users (id, email, password_hash)
            SELECT gen_random_uuid(), gen_random_uuid() || '@example.com', '-' FROM generate_series(1, \(count))
            RETURNING id
            """
        ).split(separator: "\n").map { UserID($0)! }
    }

    func makeEvent(_ capacity: Int, limit: Int = 1_000, date: Date = .tomorrow) async throws -> Event {
        try await repository.createEvent(.sample(capacity: capacity, limit: limit, date: date))
    }

    /// An event of `partition`: ids are drawn until one falls there.
    func makeEvent(_ capacity: Int, in partition: Partition) async throws -> Event {
        while true {
            let event = try await makeEvent(capacity)
            if Self.partitioning.partition(of: event.id) == partition { return event }
            try sql("DELETE FROM events WHERE id = '\(event.id)'")
        }
    }

    func available(_ event: EventID) async throws -> Int {
        try await repository.event(event)?.availableTickets ?? -1
    }

    func lease(for event: EventID) async throws -> Lease {
        let partition = Self.partitioning.partition(of: event)
        guard let lease = try await lanes.acquireLease(of: partition, owner: "a", for: .seconds(600)) else {
            throw ServerError(description: "the lease of \(partition) is taken")
        }
        return lease
    }

    /// Commits `intents` and fails unless all of them were new.
    func commitNew(_ batch: [QueuedIntent], under lease: Lease) async throws {
        let outcome = try await lanes.commit(batch, under: lease)
        guard outcome == .committed(inserted: Set(batch.map(\.entry)), known: [:]) else {
            throw ServerError(description: "not all were inserted: \(outcome)")
        }
    }
}

/// Runs `body` on a database of its own.
func withDatabase(_ body: (TestDatabase) async throws -> Void) async throws {
    let database = try await TestDatabase()
    do {
        try await body(database)
    } catch {
        await database.close()
        throw error
    }
    await database.close()
}

/// What `body` throws as a `RepositoryError`; nil when it returns.
func failure(_ body: () async throws -> Void) async -> RepositoryError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RepositoryError
    }
}

extension Date {
    static var tomorrow: Date { Date(timeIntervalSinceNow: 86_400) }
}
