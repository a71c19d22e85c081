import Foundation
@testable import InventoryWorker
import Logging
import Mail
import OnsaleConfiguration
import OrderRepository
import PostgresClient
import TestSupport
import Testing
import Ticketing

/// Mails from the statement that confirms an order to a real mail server (aiosmtpd), by real Postgres.
struct MailDeliveryTests {
    /// The acceptance: 1,000 confirmations, a server that fails one try in three in four ways, and a dispatcher
    /// that is killed in the middle of it.
    @Test func `Each of 1,000 buyers has one confirmation in the end, whatever fails`() async throws {
        let server = try await SMTPServer(failEvery: 3)
        let sale = try await MailedSale(orders: 1_000)
        let first = Task { try await sale.dispatcher(server).run() }
        let second = Task { try await sale.dispatcher(server).run() }
        try await eventually("a third has arrived", within: .seconds(600)) { try server.acceptedCount() > 333 }
        first.cancel()
        try await first.value
        try await sale.waitUntilNothingWaits()
        second.cancel()
        try await second.value

        let mails = try server.accepted()
        let attempts = try server.attempts()
        // What makes the test worth something: all four failures were met, and mails did arrive twice.
        for fate in ["receiver", "content", "cut", "cut-afterwards"] {
            #expect(attempts.count { $0.fate == fate } > 50, "\(fate)")
        }
        #expect(mails.count > 1_000)
        #expect(attempts.count > 1_400)

        let byOrder = Dictionary(grouping: mails) { $0.receivers?.first ?? "" }
        #expect(byOrder.count == 1_000)
        #expect(byOrder.values.allSatisfy { Set($0.map(\.id)).count == 1 }, "one message for each order")
        #expect(Set(mails.map(\.id)).count == 1_000, "and one order for each message")
        for order in sale.orders {
            let mail = try #require(byOrder[order.email]?.first)
            let text = try #require(mail.text("text/plain"))
            #expect(order.tickets.allSatisfy { text.contains($0.text) })
            #expect(mail.tls == true && mail.user == SMTPServer.user)
            #expect(mail.defects == [])
        }
        #expect(try sale.count("sent") == 1_000)
        #expect(try sale.database("SELECT count(*) FROM mails WHERE attempts > 1") != "0")
        #expect(try sale.database("SELECT count(*) FROM mails WHERE sent_at IS NULL OR failure IS NOT NULL") == "0")
        let states = try await sale.repository.mails(of: sale.orders[0].id)
        #expect(states.map(\.state) == [.sent] && states[0].attempts >= 1 && states[0].sentAt != nil)
        await sale.close()
    }

    @Test func `What cannot be delivered is kept with its reason, and the others arrive`() async throws {
        let server = try await SMTPServer()
        let sale = try await MailedSale(orders: 5)
        for (index, name) in ["unknown", "spam", "busy"].enumerated() {
            try sale.database(
                "UPDATE users SET email = '\(name)@example.com' WHERE email = '\(sale.orders[index].email)'")
        }
        let task = Task { try await sale.dispatcher(server) { $0.attempts = 3 }.run() }
        try await sale.waitUntilNothingWaits()
        task.cancel()
        try await task.value
        let rows = try await PostgresMailRepository(postgres: sale.postgres).rows(areDead: true, limit: 10)
        #expect(
            Set(rows.map { "\($0.attempts) \($0.failure?.suffix(40) ?? "")" }).count == 3)
        #expect(rows.count { $0.failure?.contains("RCPT: 550 5.1.1 <(receiver)>") == true && $0.attempts == 1 } == 1)
        #expect(rows.count { $0.failure?.contains("DATA: 554 5.7.1") == true && $0.attempts == 1 } == 1)
        #expect(rows.count { $0.failure?.contains("RCPT: 451") == true && $0.attempts == 3 } == 1)
        #expect(try sale.count("sent") == 2)
        #expect(try server.accepted().count == 2)
        await sale.close()
    }

    @Test func `A password reset arrives with its token, which is then gone from Postgres`() async throws {
        let server = try await SMTPServer()
        let sale = try await MailedSale(orders: 1)
        try sale.database(
            """
            INSERT INTO mails (kind, user_id, parameters)
            SELECT 'password_reset', id, '{"token": "aB3_-secret"}' FROM users
            """)
        let task = Task { try await sale.dispatcher(server).run() }
        try await sale.waitUntilNothingWaits()
        task.cancel()
        try await task.value
        let texts = try server.accepted().compactMap { $0.text("text/plain") }
        #expect(texts.count { $0.contains("#token=aB3_-secret") } == 1)
        #expect(try sale.database("SELECT count(*) FROM mails WHERE mails::text LIKE '%secret%'") == "0")
        await sale.close()
    }
}

/// A database with confirmed orders, each of one buyer, whose confirmations wait to be sent.
private struct MailedSale {
    struct BoughtOrder {
        let id: OrderID
        let email: String
        let tickets: [TicketCode]
    }

    let orders: [BoughtOrder]
    let postgres: PostgresClient
    let repository: PostgresOrderRepository
    private let server: PostgresServer
    private let url: String
    private static let partitioning = Partitioning(count: 1)

    init(orders count: Int) async throws {
        server = try PostgresServer()
        url = try server.createDatabase()
        var configuration = try PostgresConfiguration(url: PostgresLaneRepository.laneURL(url))
        configuration.acquireTimeout = .seconds(30)
        postgres = PostgresClient(configuration: configuration, logger: Sale.silent)
        _ = try await Migrator(postgres: postgres, logger: Sale.silent).up()
        repository = PostgresOrderRepository(postgres: postgres, partitioning: Self.partitioning)
        let event = try await repository.createEvent(
            EventDetails(
                title: "Nächte am Hafen", description: "", venue: "Old harbour",
                eventDate: Date(timeIntervalSince1970: 1_908_316_800),
                ticketPrice: try #require(Money(amount: 4_500, currency: .eur)), totalTickets: 2 * count,
                limitPerBuyer: 2, saleOpensAt: nil, saleClosesAt: nil, saleState: .open))
        let users = try server.psql(
            """
            INSERT INTO users (id, email, password_hash, name)
            SELECT gen_random_uuid(), 'buyer' || i || '@example.com', '-', 'Buyer ' || i
            FROM generate_series(1, \(count)) AS i RETURNING id || ' ' || email
            """, url: url
        ).split(separator: "\n").map { $0.split(separator: " ") }
        let lanes = PostgresLaneRepository(postgres: postgres)
        let lease = try #require(try await lanes.acquireLease(of: Partition(0), owner: "a", for: .seconds(600)))
        var generator = SystemRandomNumberGenerator()
        var batch: [QueuedIntent] = []
        var bought: [BoughtOrder] = []
        for (number, user) in users.enumerated() {
            let intent = Intent(
                order: Intent.number(number).order, user: try #require(UserID(user[0])), event: event.id, quantity: 2,
                total: try #require(Money(amount: 9_000, currency: .eur)), paymentMethod: .standard)
            batch.append(QueuedIntent(entry: StreamEntryID("1700000000000-\(number)"), intent: intent))
            bought.append(
                BoughtOrder(
                    id: intent.order, email: String(user[1]),
                    tickets: (0..<2).map { _ in TicketCode(using: &generator) }))
        }
        orders = bought
        _ = try await lanes.commit(batch, under: lease)
        let settlements = bought.map {
            Settlement(
                order: SettledOrder(id: $0.id, status: .confirmed, reason: nil, tickets: $0.tickets),
                paymentReference: "ch_\($0.id)")
        }
        _ = try await lanes.settle(settlements, under: lease)
    }

    /// Impatient, so that what was left behind and what failed comes again soon.
    func dispatcher(
        _ server: SMTPServer, _ change: (inout MailLimits) -> Void = { _ in }
    ) throws -> MailDispatcher<PostgresMailRepository, SMTPMailer> {
        let smtp = SMTPConfiguration(
            host: "localhost", port: server.port, authorityFile: server.certificate.path,
            credentials: .init(user: SMTPServer.user, password: Secret(bytes: Array(SMTPServer.password.utf8))))
        var limits = MailLimits(rate: 10_000, connections: smtp.connections, timeout: smtp.timeout)
        limits.hidden = .seconds(20)
        limits.interval = .milliseconds(20)
        limits.firstPause = .milliseconds(20)
        limits.longestPause = .milliseconds(200)
        change(&limits)
        return MailDispatcher(
            repository: PostgresMailRepository(postgres: postgres), mailer: try SMTPMailer(configuration: smtp),
            writer: try LetterWriter(publicURL: "https://tickets.example"),
            from: try #require(Mailbox("Onsale <tickets@example.org>")), limits: limits, logger: Sale.silent)
    }

    @discardableResult
    func database(_ sql: String) throws -> String { try server.psql(sql, url: url) }

    func count(_ state: String) throws -> Int {
        Int(try database("SELECT count(*) FROM mails WHERE state = '\(state)'")) ?? -1
    }

    func waitUntilNothingWaits() async throws {
        let mails = PostgresMailRepository(postgres: postgres)
        try await eventually("nothing waits any more", within: .seconds(600)) {
            try await Task.sleep(for: .milliseconds(100))
            return try await mails.mailDepth().waiting == 0
        }
    }

    func close() async { await postgres.close() }
}
