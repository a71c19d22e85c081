import Foundation
import NIOCore
import Ticketing

/// An organiser's requests: the event, its sale and its ledger.
struct AdminClient: Sendable {
    private let client: RequestClient
    private let email: String
    private let password: String
    private let deadline: NIODeadline
    private let token: String

    /// What the audit needs to know about an event.
    struct Event: Decodable, Sendable {
        let id: String
        let totalTickets: Int
        let limitPerBuyer: Int
        let saleState: String
    }

    private struct Credentials: Encodable {
        let email: String
        let password: String
    }

    private struct Login: Decodable {
        let token: String
    }

    private struct NewEvent: Encodable {
        struct Price: Encodable {
            let amount: Int
            let currency: String
        }

        let title: String
        let description = "Made by the load generator."
        let venue = "Load Hall"
        let eventDate: String
        let ticketPrice = Price(amount: 4500, currency: "EUR")
        let totalTickets: Int
        let limitPerBuyer: Int
        let saleOpensAt: String
    }

    private struct Sale: Encodable {
        let state: String
    }

    /// Logs in. Requests are repeated until `deadline` while the service cannot be reached.
    static func logIn(
        through client: RequestClient, email: String, password: String, deadline: NIODeadline
    ) async throws -> AdminClient {
        let token = try await newToken(client, email, password, deadline)
        return AdminClient(client: client, email: email, password: password, deadline: deadline, token: token)
    }

    /// Creates an event whose sale opens far in the future: it is opened by `openSale`.
    func createEvent(tickets: Int, limitPerBuyer: Int) async throws -> EventID {
        let year: TimeInterval = 365 * 24 * 3600
        let body = NewEvent(
            title: "Load test of \(tickets) tickets", eventDate: Self.time(Date(timeIntervalSinceNow: 2 * year)),
            totalTickets: tickets, limitPerBuyer: limitPerBuyer,
            saleOpensAt: Self.time(Date(timeIntervalSinceNow: year)))
        let event = try await ask(Event.self, "POST", "/api/events", body: body)
        guard let id = EventID(event.id) else {
            throw LoadTestError(.unexpectedReply, "event id \(event.id)")
        }
        return id
    }

    func event(_ id: EventID) async throws -> Event {
        try await ask(Event.self, "GET", "/api/events/\(id)")
    }

    func openSale(_ id: EventID) async throws {
        let body = try JSONEncoder().encode(Sale(state: "open"))
        try await answer("POST", "/api/admin/events/\(id)/sale", body: Array(body))
    }

    func ledger(_ id: EventID) async throws -> Ledger {
        try await ask(Ledger.self, "GET", "/api/admin/events/\(id)/ledger")
    }

    // MARK: Requests

    private func ask<Reply: Decodable>(
        _ type: Reply.Type, _ method: String, _ path: String, body: (any Encodable)? = nil
    ) async throws -> Reply {
        let bytes = try body.map { Array(try JSONEncoder().encode($0)) }
        return try Self.decode(type, try await answer(method, path, body: bytes))
    }

    @discardableResult
    private func answer(_ method: String, _ path: String, body: [UInt8]?) async throws -> HTTPReply {
        var reply = try await client.sendUntilAnswered(method, path, token: token, body: body, deadline: deadline)
        if reply.status == 401 {
            // The token has expired in a long run.
            let token = try await Self.newToken(client, email, password, deadline)
            reply = try await client.sendUntilAnswered(method, path, token: token, body: body, deadline: deadline)
        }
        guard (200..<300).contains(reply.status) else {
            throw LoadTestError(.unexpectedReply, "\(method) \(path): \(reply.status) \(String(buffer: reply.body))")
        }
        return reply
    }

    private static func newToken(
        _ client: RequestClient, _ email: String, _ password: String, _ deadline: NIODeadline
    ) async throws -> String {
        let body = try JSONEncoder().encode(Credentials(email: email, password: password))
        let reply = try await client.sendUntilAnswered(
            "POST", "/api/auth/login", body: Array(body), deadline: deadline)
        guard reply.status == 200 else {
            throw LoadTestError(.unexpectedReply, "log-in: \(reply.status) \(String(buffer: reply.body))")
        }
        return try decode(Login.self, reply).token
    }

    private static func decode<Reply: Decodable>(_ type: Reply.Type, _ reply: HTTPReply) throws -> Reply {
        do {
            return try JSONDecoder().decode(type, from: Data(reply.body.readableBytesView))
        } catch {
            throw LoadTestError(.unexpectedReply, String(buffer: reply.body), underlying: error)
        }
    }

    private static func time(_ date: Date) -> String { date.ISO8601Format() }
}
