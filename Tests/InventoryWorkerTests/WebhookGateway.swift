import HTTPTypes
import Hummingbird
import HummingbirdTesting
import InventoryStore
import NIOCore
import Observability
import OnsaleConfiguration
import OrderRepository
import RateLimiting
import Security
import StripeDouble

@testable import Gateway

/// A gateway over a sale's Postgres that a provider's webhooks reach by HTTP.
struct WebhookGateway: Sendable {
    static let secret = Secret(bytes: Array("whsec_0123456789abcdef".utf8))
    /// Webhooks under way at once.
    private static let lines = 8

    private let client: any TestClientProtocol

    /// Serves on a port of its own while `body` runs.
    static func run<Value: Sendable>(
        _ sale: PostgresSale, _ body: @Sendable (WebhookGateway) async throws -> Value
    ) async throws -> Value {
        var configuration = GatewayConfiguration(orderIDSecret: Secret(bytes: Array(repeating: 7, count: 32)))
        configuration.stripeWebhookSecret = secret
        let tokens = TokenConfiguration(
            key: .init(id: "test", secret: Secret(bytes: Array(repeating: 9, count: 32))))
        let gateway = try Gateway(
            configuration: configuration,
            dependencies: .init(
                inventory: sale.inventory, repository: sale.repository,
                tickets: PostgresTicketRepository(postgres: sale.postgres),
                tokenVerifier: try await TokenVerifier(configuration: tokens, provider: nil),
                tokenIssuer: try await TokenIssuer(configuration: tokens),
                passwordHasher: try PasswordHasher(configuration: PasswordConfiguration()),
                rateLimiter: InMemoryRateLimiter(), registry: PrometheusRegistry(), logger: Sale.silent))
        return try await Application(responder: gateway.responder).test(.live) { client in
            try await body(WebhookGateway(client: client))
        }
    }

    /// Sends webhooks, some at once; returns how many of them were not answered as they should be.
    func take(_ hooks: [StripeHooks.Hook]) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { lines in
            for line in 0..<Self.lines {
                lines.addTask {
                    var wrong = 0
                    for hook in stride(from: line, to: hooks.count, by: Self.lines).map({ hooks[$0] }) {
                        if try await status(of: hook) != (hook.isForged ? 400 : 200) { wrong += 1 }
                    }
                    return wrong
                }
            }
            return try await lines.reduce(0, +)
        }
    }

    private func status(of hook: StripeHooks.Hook) async throws -> Int {
        try await client.execute(
            uri: "/api/webhooks/stripe", method: .post,
            headers: [.contentType: "application/json", .stripeSignature: hook.signature],
            body: ByteBuffer(string: hook.body)
        ) { $0.status.code }
    }
}
