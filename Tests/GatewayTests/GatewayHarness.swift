import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import InventoryStore
import Logging
import NIOCore
import ObjectStorage
import Observability
import OnsaleConfiguration
import OnsaleTracing
import OrderRepository
import RateLimiting
import Security
import Testing
import Ticketing

@testable import Gateway

/// A gateway over in-memory stores, and the ways tests talk to it.
struct GatewayHarness: Sendable {
    typealias InMemoryGateway = Gateway<InMemoryInventoryStore, InMemoryOrderRepository>

    let inventory: InMemoryInventoryStore
    let repository: InMemoryOrderRepository
    let tickets: InMemoryTicketRepository
    let configuration: GatewayConfiguration
    let gateway: InMemoryGateway
    let issuer: TokenIssuer
    let verifier: TokenVerifier
    let registry: PrometheusRegistry
    let passwordHasher: PasswordHasher
    let documents = InMemoryDocumentCache()
    let images = InMemoryObjectStore()

    static let secret = Secret(bytes: Array(repeating: 7, count: 32))
    static let tokens = TokenConfiguration(
        key: .init(id: "test", secret: Secret(bytes: Array(repeating: 9, count: 32))))
    /// The cheapest hash there is: these tests are not about passwords.
    static let passwords = PasswordConfiguration(parameters: ScryptParameters(logN: 10, r: 8, p: 1))

    /// - Parameters:
    ///   - storesImages: Whether the gateway is set up with a storage.
    ///   - hasher: Another than one of the cheapest passwords.
    init(
        provider: IdentityProviderConfiguration? = nil, storesImages: Bool = true, webApp: WebApp? = nil,
        tracer: SpanTracer? = nil, logger: Logger = Logger(label: "gateway.tests") { _ in SwiftLogNoOpLogHandler() },
        hasher: PasswordHasher? = nil, configure: (inout GatewayConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = GatewayConfiguration(orderIDSecret: Self.secret)
        configure(&configuration)
        self.configuration = configuration
        // The store's clock begins at the real time, because orders' ages are measured against that.
        inventory = InMemoryInventoryStore(
            partitioning: configuration.partitioning, now: Int64(Date().timeIntervalSince1970 * 1_000))
        repository = InMemoryOrderRepository()
        tickets = InMemoryTicketRepository()
        registry = PrometheusRegistry()
        passwordHasher = try hasher ?? PasswordHasher(configuration: Self.passwords)
        issuer = try await TokenIssuer(configuration: Self.tokens)
        verifier = try await TokenVerifier(configuration: Self.tokens, provider: provider)
        gateway = try Gateway(
            configuration: configuration,
            dependencies: .init(
                inventory: inventory, repository: repository, tickets: tickets, tokenVerifier: verifier,
                tokenIssuer: issuer,
                passwordHasher: passwordHasher,
                rateLimiter: InMemoryRateLimiter(), registry: registry,
                logger: logger, documents: documents, images: storesImages ? images : nil, webApp: webApp,
                tracer: tracer))
    }

    // MARK: - People

    func token(_ user: UserID = UserID(), role: Role = .user) throws -> String {
        try issuer.issue(for: Identity(userID: user, role: role)).text
    }

    // MARK: - Sales

    static func details(_ change: (inout EventDetails) -> Void = { _ in }) -> EventDetails {
        var details = EventDetails(
            title: "Concert", description: "Loud.", venue: "Hall",
            eventDate: Date(timeIntervalSince1970: 1_900_000_000),
            ticketPrice: price, totalTickets: 100, limitPerBuyer: 10, saleOpensAt: nil, saleClosesAt: nil,
            saleState: .open)
        change(&details)
        return details
    }

    static let price = Money(amount: 4_500, currency: .eur)!

    /// An event in Postgres and, when `isLoaded`, its stock in Redis.
    func event(isLoaded: Bool = true, _ change: (inout EventDetails) -> Void = { _ in }) async throws -> EventID {
        let event = try await repository.createEvent(Self.details(change))
        if isLoaded { try await load(event) }
        return event.id
    }

    func load(_ event: Event, epoch: Int64 = 1) async throws {
        try await load(
            StockLoad(
                event: event.id, epoch: epoch, available: event.availableTickets, terms: terms(event.details),
                buyers: []))
    }

    /// Loads as the partition's lane does.
    func load(_ stock: StockLoad) async throws {
        let lease = Lease(partition: configuration.partitioning.partition(of: stock.event), epoch: 1)
        _ = try await inventory.mark(lease)
        #expect(try await inventory.load(stock, under: lease) == .loaded)
    }

    func terms(_ details: EventDetails, revision: Int64 = 1) -> SaleTerms {
        SaleTerms(
            revision: revision, total: details.totalTickets, limit: details.limitPerBuyer,
            opens: details.saleOpensAt.map(Timestamp.milliseconds),
            closes: details.saleClosesAt.map(Timestamp.milliseconds), state: details.saleState,
            price: details.ticketPrice)
    }

    func available(_ event: EventID) async throws -> Int? { try await inventory.stock(of: event)?.available }

    func settle(
        _ order: OrderID, _ status: OrderStatus, reason: CancellationReason? = nil, tickets: Int = 0
    ) async throws {
        var generator = SystemRandomNumberGenerator()
        try await inventory.publish(
            [
                SettledOrder(
                    id: order, status: status, reason: reason,
                    tickets: (0..<tickets).map { _ in TicketCode(using: &generator) })
            ],
            in: order.partition)
    }

    // MARK: - Requests

    func send(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, body: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        let sent = headers
        let app = Application(responder: gateway.responder)
        return try await app.test(.router) { client in
            try await client.execute(
                uri: path, method: method, headers: sent, body: body.map { ByteBuffer(string: $0) }
            ) { response in
                try AnswerLog.shared?.write(method, path, response)
                return Answer(response)
            }
        }
    }

    func purchase(
        _ event: EventID, quantity: Int = 1, key: String? = nil, method: String? = nil, token: String
    ) async throws -> Answer {
        var body = "{\"eventId\":\"\(event)\",\"quantity\":\(quantity)"
        if let method { body += ",\"paymentMethod\":\"\(method)\"" }
        return try await send(
            .post, "/api/tickets/purchase", token: token, body: body + "}",
            headers: key.map { [.idempotencyKey: $0] } ?? [:])
    }

    /// Buys and gives the order's id.
    func buy(_ event: EventID, quantity: Int = 1, key: String? = nil, by user: UserID) async throws -> OrderID {
        let answer = try await purchase(event, quantity: quantity, key: key, token: token(user))
        #expect(answer.status == 202)
        let text = try #require(answer.string("orderId"))
        return try #require(OrderID(text))
    }
}

/// An answer, read as JSON.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let bytes: [UInt8]
    let text: String

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        bytes = Array(response.body.readableBytesView)
        text = String(buffer: response.body)
    }

    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }

    func string(_ key: String) -> String? { json[key] as? String }

    func int(_ key: String) -> Int? { json[key] as? Int }

    /// An amount of money, as `4500 EUR`.
    func money(_ key: String) -> String? {
        guard let money = json[key] as? [String: Any], let amount = money["amount"] as? Int,
            let currency = money["currency"] as? String, money.count == 2
        else { return nil }
        return "\(amount) \(currency)"
    }

    var code: String? { string("code") }

    /// The fields named in a problem's `errors`.
    var fields: [String] { (json["errors"] as? [[String: Any]] ?? []).compactMap { $0["field"] as? String } }

    /// Checks that this is a whole problem of this code (RFC 9457 and DESIGN §6).
    func expectProblem(_ code: ProblemCode, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(self.code == code.rawValue, "\(text)", sourceLocation: sourceLocation)
        #expect(status == code.status, sourceLocation: sourceLocation)
        #expect(int("status") == code.status, sourceLocation: sourceLocation)
        #expect(headers[.contentType] == "application/problem+json", sourceLocation: sourceLocation)
        #expect(string("type") == "about:blank", sourceLocation: sourceLocation)
        #expect(string("title")?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(string("detail")?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(string("requestId")?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(headers[.contentLength] == String(text.utf8.count), sourceLocation: sourceLocation)
    }
}
