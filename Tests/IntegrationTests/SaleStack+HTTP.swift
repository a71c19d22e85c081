import Foundation
import FoundationNetworking
import Security
import TestSupport
import Ticketing

/// A JSON value to look into.
enum JSON: Codable, Sendable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    case null, bool(Bool), number(Double), string(String), array([JSON]), object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {  // Each try asks whether the value is of that type.
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    init(stringLiteral value: String) { self = .string(value) }
    init(dictionaryLiteral members: (String, JSON)...) { self = .object(Dictionary(members) { $1 }) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let items): try container.encode(items)
        case .object(let members): try container.encode(members)
        }
    }

    subscript(key: String) -> JSON {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }

    subscript(index: Int) -> JSON {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { .null }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var int: Int? { if case .number(let value) = self { Int(exactly: value) } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var count: Int? { if case .array(let items) = self { items.count } else { nil } }
}

struct Reply: Sendable {
    let status: Int
    let headers: [String: String]
    let body: Data

    /// The body as JSON; null when it is none.
    var json: JSON { (try? JSONDecoder().decode(JSON.self, from: body)) ?? .null }  // No JSON reads as null.

    var code: String? { json["code"].string }
    var orderID: String? { json["orderId"].string }
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
        body: JSON? = nil, port: Int? = nil
    ) async throws -> Reply {
        var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port ?? gatewayPort)\(path)")!)
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        if let body {
            request.httpBody = try JSONEncoder().encode(body)
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
            "POST", "/api/auth/login",
            body: ["email": .string(SaleStack.adminEmail), "password": .string(SaleStack.adminPassword)])
        guard let token = reply.json["token"].string else {
            throw ServerError(
                description: "log-in answered \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
        }
        return token
    }

    /// Makes an event whose sale is open; returns when it can be bought.
    func openEvent(tickets: Int, limit: Int = 4, price: Int = 4_500) async throws -> String {
        let admin = try await adminToken()
        let created = try await send(
            "POST", "/api/events", token: admin,
            body: [
                "title": "A concert", "description": "", "venue": "A hall", "eventDate": "2030-05-01T19:00:00Z",
                "ticketPrice": ["amount": .number(Double(price)), "currency": "EUR"],
                "totalTickets": .number(Double(tickets)), "limitPerBuyer": .number(Double(limit)),
                // At once: stock that was loaded before the sale was opened would not tell when Redis knows of that.
                "saleState": "open",
            ])
        guard let id = created.json["id"].string else {
            throw ServerError(description: "POST /api/events: \(String(decoding: created.body, as: UTF8.self))")
        }
        try await eventually("the sale of \(id) is open in Redis") {
            let ledger = try await send("GET", "/api/admin/events/\(id)/ledger", token: admin)
            return ledger.json["redis"]["available"].int == tickets
        }
        return id
    }

    func setSale(of event: String, to state: String, token: String) async throws {
        let reply = try await send(
            "POST", "/api/admin/events/\(event)/sale", token: token, body: ["state": .string(state)])
        guard reply.status == 200 else {
            throw ServerError(description: "sale: \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
        }
    }

    func ledger(of event: String) async throws -> JSON {
        try await send("GET", "/api/admin/events/\(event)/ledger", token: adminToken()).json
    }

    /// An account made through the API.
    func register() async throws -> Buyer {
        let reply = try await send(
            "POST", "/api/auth/register",
            body: ["email": .string("buyer-\(UUID().uuidString)@onsale.example"), "password": "a buyer's password"])
        guard let token = reply.json["token"].string,
            let id = reply.json["user"]["id"].string.flatMap({ UserID($0) })
        else { throw ServerError(description: "register: \(String(decoding: reply.body, as: UTF8.self))") }
        return Buyer(id: id, token: token)
    }

    func buy(
        _ event: String, quantity: Int = 1, method: String? = nil, key: String = UUID().uuidString, by buyer: Buyer
    ) async throws -> Reply {
        var members: [String: JSON] = ["eventId": .string(event), "quantity": .number(Double(quantity))]
        if let method { members["paymentMethod"] = .string(method) }
        return try await send(
            "POST", "/api/tickets/purchase", token: buyer.token, headers: ["Idempotency-Key": key],
            body: .object(members))
    }

    func order(_ id: String, by buyer: Buyer, wait: Int = 0) async throws -> Reply {
        try await send("GET", "/api/orders/\(id)?wait=\(wait)", token: buyer.token)
    }

    /// Polls as a client does until the order is final.
    func finalOrder(_ id: String, by buyer: Buyer, within limit: Duration = .seconds(30)) async throws -> Reply {
        let end = ContinuousClock.now + limit
        while true {
            let reply = try await order(id, by: buyer, wait: 5)
            if ["confirmed", "cancelled"].contains(reply.json["status"].string) { return reply }
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
