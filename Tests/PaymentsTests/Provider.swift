import Foundation
import Logging
import Payments
import PostgresClient
import TestSupport
import Ticketing

/// A simulated provider whose books are in a database of their own.
struct Provider: Sendable {
    /// A row of the provider's books.
    struct Entry: Hashable, Sendable {
        let key: String
        let amount: Int64
        let status: String
        let attempts: Int
    }

    let server: PostgresServer
    let url: String
    let gateway: SimulatedPaymentGateway

    /// Runs `body` with a provider on `server`, or on the one that all tests share.
    static func run(on server: PostgresServer? = nil, _ body: (Provider) async throws -> Void) async throws {
        let server = if let server { server } else { try await blocking { try PostgresServer.shared } }
        let url = try await blocking { try server.createDatabase() }
        try await withClient(url) { client in
            let gateway = SimulatedPaymentGateway(postgres: client)
            try await gateway.prepare()
            try await body(Provider(server: server, url: url, gateway: gateway))
        }
    }

    /// Runs `body` with another gateway on the same books, as another worker has.
    func withSecondGateway(_ body: (SimulatedPaymentGateway) async throws -> Void) async throws {
        try await Provider.withClient(url) { try await body(SimulatedPaymentGateway(postgres: $0)) }
    }

    static func withClient(
        _ url: String, acquireTimeout: Duration = .seconds(20), _ body: (PostgresClient) async throws -> Void
    ) async throws {
        var configuration = try PostgresConfiguration(url: url)
        configuration.maxConnections = 3
        configuration.acquireTimeout = acquireTimeout
        let client = PostgresClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do { try await body(client) } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    /// Runs SQL behind the gateway's back and returns its bare output.
    func psql(_ sql: String) async throws -> String { try await blocking { try server.psql(sql, url: url) } }

    /// The books, by key.
    func books() async throws -> [Entry] {
        let text = try await psql(
            "SELECT idempotency_key, amount, status, attempts FROM simulated_provider.charges ORDER BY 1")
        return text.split(separator: "\n").map { line in
            let columns = line.split(separator: "|").map { String($0) }
            return Entry(
                key: columns[0], amount: Int64(columns[1]) ?? -1, status: columns[2], attempts: Int(columns[3]) ?? -1)
        }
    }
}

extension Charge {
    /// A charge of an order of its own.
    static func new(_ method: String = "pm_accepted", amount: Int64 = 4_500) -> Charge {
        var bytes = UUID().uuid
        bytes.6 = 0x80
        bytes.8 = 0x80
        return Charge(
            order: OrderID(UUID(uuid: bytes)), amount: Money(amount: amount, currency: .eur)!,
            method: PaymentMethod(method)!)
    }
}

extension Refund {
    /// All of a charge of the simulated provider.
    static func all(_ charge: Charge) -> Refund { Refund(all: charge, reference: "sim_\(charge.order)") }
}
