import Foundation
import FoundationNetworking
import Security
import TestSupport
import Ticketing

struct Reply: Sendable {
    let status: Int
    let headers: [String: String]
    let body: Data

    /// The body as a JSON object; empty when it is none.
    var json: [String: any Sendable] {
        ((try? JSONSerialization.jsonObject(with: body)) as? [String: any Sendable]) ?? [:]  // Not JSON reads as empty.
    }

    var code: String? { json["code"] as? String }
    var orderID: String? { json["orderId"] as? String }
}

struct Buyer: Sendable {
    let id: UserID
    let token: String
}

extension SaleStack {
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 200
        configuration.timeoutIntervalForRequest = 40
        return URLSession(configuration: configuration)
    }()

    func send(
        _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:],
        body: [String: any Sendable]? = nil, port: Int? = nil
    ) async throws -> Reply {
        var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port ?? gatewayPort)\(path)")!)
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        if let body {
            request.httpBody = try JSONSerialization.data(withJSONObject: body)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        let (data, response) = try await SaleStack.session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw ServerError(description: "no HTTP answer") }
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
        return Reply(status: response.statusCode, headers: headers, body: data)
    }

    /// The status of a GET; 0 when nobody answers.
    func status(_ path: String, port: Int? = nil) async throws -> Int {
        do { return try await send("GET", path, port: port).status } catch { return 0 }
    }

    func adminToken() async throws -> String {
        let reply = try await send(
            "POST", "/api/auth/login", body: ["email": SaleStack.adminEmail, "password": SaleStack.adminPassword])
        guard let token = reply.json["token"] as? String else {
            throw ServerError(description: "log-in answered \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
        }
        return token
    }

    /// Makes an event and opens its sale; returns when it can be bought.
    func openEvent(tickets: Int, limit: Int = 4, price: Int = 4_500) async throws -> String {
        let admin = try await adminToken()
        let created = try await send(
            "POST", "/api/events", token: admin,
            body: [
                "title": "A concert", "description": "", "venue": "A hall", "eventDate": "2030-05-01T19:00:00Z",
                "ticketPrice": ["amount": price, "currency": "EUR"], "totalTickets": tickets, "limitPerBuyer": limit,
            ])
        guard let id = created.json["id"] as? String else {
            throw ServerError(description: "POST /api/events: \(String(decoding: created.body, as: UTF8.self))")
        }
        try await setSale(of: id, to: "open", token: admin)
        try await eventually("the sale of \(id) is open in Redis") {
            let ledger = try await send("GET", "/api/admin/events/\(id)/ledger", token: admin)
            return (ledger.json["redis"] as? [String: any Sendable])?["available"] as? Int == tickets
        }
        return id
    }

    func setSale(of event: String, to state: String, token: String) async throws {
        let reply = try await send("POST", "/api/admin/events/\(event)/sale", token: token, body: ["state": state])
        guard reply.status == 200 else {
            throw ServerError(description: "sale: \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
        }
    }

    func ledger(of event: String) async throws -> [String: any Sendable] {
        try await send("GET", "/api/admin/events/\(event)/ledger", token: adminToken()).json
    }

    /// An account made through the API.
    func register() async throws -> Buyer {
        let reply = try await send(
            "POST", "/api/auth/register",
            body: ["email": "buyer-\(UUID().uuidString)@onsale.example", "password": "a buyer's password"])
        guard let token = reply.json["token"] as? String,
            let user = reply.json["user"] as? [String: any Sendable], let id = (user["id"] as? String).flatMap({ UserID($0) })
        else { throw ServerError(description: "register: \(String(decoding: reply.body, as: UTF8.self))") }
        return Buyer(id: id, token: token)
    }

    func buy(
        _ event: String, quantity: Int = 1, method: String? = nil, key: String = UUID().uuidString, by buyer: Buyer
    ) async throws -> Reply {
        var body: [String: any Sendable] = ["eventId": event, "quantity": quantity]
        if let method { body["paymentMethod"] = method }
        return try await send(
            "POST", "/api/tickets/purchase", token: buyer.token, headers: ["Idempotency-Key": key], body: body)
    }

    func order(_ id: String, by buyer: Buyer, wait: Int = 0) async throws -> Reply {
        try await send("GET", "/api/orders/\(id)?wait=\(wait)", token: buyer.token)
    }

    /// Polls as a client does until the order is final.
    func finalOrder(_ id: String, by buyer: Buyer, within limit: Duration = .seconds(30)) async throws -> Reply {
        let end = ContinuousClock.now + limit
        while true {
            let reply = try await order(id, by: buyer, wait: 5)
            if ["confirmed", "cancelled"].contains(reply.json["status"] as? String) { return reply }
            guard ContinuousClock.now < end else {
                throw ServerError(description: "not final: \(String(decoding: reply.body, as: UTF8.self))")
            }
        }
    }

    /// One figure of the database.
    func count(_ sql: String) throws -> Int {
        Int(try postgres.psql(sql, url: databaseURL).trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
    }
}
