import Crypto
import Foundation
import InventoryStore
import Logging
import OrderRepository
import Payments
import PostgresClient
import ServiceLifecycle
import TestSupport
import Testing
import Ticketing

@testable import InventoryWorker

/// One event on sale: orders and money in a real Postgres, the stock in memory, and a worker's parts for it.
struct PostgresSale: Sendable {
    static let partition = Partition(0)
    private static let partitioning = Partitioning(count: 1)
    private static let secret = SymmetricKey(data: Array(repeating: 7 as UInt8, count: 32))

    let server: PostgresServer
    let url: String
    let postgres: PostgresClient
    let lanePostgres: PostgresClient
    let repository: PostgresOrderRepository
    let outbox: PostgresOutboxRepository
    let inventory = InMemoryInventoryStore(partitioning: partitioning)
    let event: EventID
    let admin: UserID

    /// Runs `body` on a database of its own.
    /// - Parameter price: Of a ticket, in cents.
    static func run(total: Int, price: Int64 = 4_500, _ body: (PostgresSale) async throws -> Void) async throws {
        let server = try await blocking { try PostgresServer.shared }
        let url = try await blocking { try server.createDatabase() }
        let (postgres, lanes) = (try client(url), try client(PostgresLaneRepository.laneURL(url)))
        do {
            _ = try await Migrator(postgres: postgres, logger: Sale.silent).up()
            let repository = PostgresOrderRepository(postgres: postgres, partitioning: partitioning)
            let event = try await repository.createEvent(
                EventDetails(
                    title: "Concert", description: "", venue: "Hall", eventDate: Date(timeIntervalSinceNow: 86_400),
                    ticketPrice: try #require(Money(amount: price, currency: .eur)), totalTickets: total,
                    limitPerBuyer: 1_000, saleOpensAt: nil, saleClosesAt: nil, saleState: .open))
            let admin = try await repository.createUser(
                email: try #require(EmailAddress("admin@example.org")), passwordHash: "-", name: nil, role: .admin)
            try await body(
                PostgresSale(
                    server: server, url: url, postgres: postgres, lanePostgres: lanes, repository: repository,
                    outbox: PostgresOutboxRepository(postgres: postgres), event: event.id, admin: admin.id))
        } catch {
            await postgres.close()
            await lanes.close()
            throw error
        }
        await postgres.close()
        await lanes.close()
    }

    private static func client(_ url: String) throws -> PostgresClient {
        var configuration = try PostgresConfiguration(url: url)
        configuration.maxConnections = 4
        configuration.acquireTimeout = .seconds(30)
        configuration.connectTimeout = .seconds(30)
        return PostgresClient(configuration: configuration, logger: Sale.silent)
    }

    /// SQL behind everybody's back; its bare output.
    @discardableResult
    func sql(_ text: String) async throws -> String { try await blocking { try server.psql(text, url: url) } }

    func count(_ table: String, where condition: String = "true") async throws -> Int {
        Int(try await sql("SELECT count(*) FROM \(table) WHERE \(condition)")) ?? -1
    }

    func makeUsers(_ count: Int) async throws -> [UserID] {
        try await sql(
            """
            INSERT INTO users (id, email, password_hash)
            SELECT gen_random_uuid(), gen_random_uuid() || '@example.com', '-' FROM generate_series(1, \(count))
            RETURNING id
            """
        ).split(separator: "\n").compactMap { UserID($0) }
    }

    /// Buys as the gateway does.
    func buy(_ quantity: Int, by user: UserID, method: String) async throws -> Intent {
        let order = OrderID(
            user: user, event: event, idempotencyKey: .random(), partition: Self.partition, secret: Self.secret)
        let paymentMethod = try #require(PaymentMethod(method))
        let outcome = try await inventory.reserve(
            Reservation(order: order, user: user, event: event, quantity: quantity, paymentMethod: paymentMethod))
        guard case .accepted(_, _, let price) = outcome, let total = price.times(quantity) else {
            throw ServerError(description: "the purchase was not accepted: \(outcome)")
        }
        return Intent(
            order: order, user: user, event: event, quantity: quantity, total: total, paymentMethod: paymentMethod)
    }

    /// What a worker runs, over a provider.
    func services(
        _ name: String, _ gateway: some PaymentGateway, hold: Duration = .seconds(600)
    ) -> [any Service] {
        var configuration = WorkerConfiguration()
        configuration.tick = .milliseconds(20)
        configuration.recoveryGrace = .zero
        configuration.hold = hold
        configuration.shutdown = .zero
        configuration.lease = .seconds(2)
        return [
            Lane(
                partition: Self.partition, owner: name, store: inventory,
                repository: PostgresLaneRepository(postgres: lanePostgres), gateway: gateway,
                configuration: configuration, logger: Sale.silent),
            OutboxDispatcher(repository: outbox, gateway: gateway, logger: Sale.silent),
            CancelledEventSweep(
                repository: PostgresCancellationRepository(postgres: postgres), logger: Sale.silent),
        ]
    }

    /// Runs `services` beside `body`, and then ends them as a kill does: where they are.
    static func running<Value: Sendable>(
        _ services: [any Service], _ body: () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for service in services {
                tasks.addTask {
                    // A service that is cancelled ends by an error or without one.
                    try? await service.run()
                }
            }
            defer { tasks.cancelAll() }
            return try await body()
        }
    }

    /// Waits until the lane has loaded the stock.
    func open() async throws {
        try await eventually("the stock is loaded", within: .seconds(60)) {
            try await inventory.stock(of: event) != nil
        }
    }
}
