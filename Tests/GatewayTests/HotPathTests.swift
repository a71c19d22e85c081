import Dispatch
import Foundation
import HTTPTypes
import InventoryStore
import Logging
import NIOCore
import NIOPosix
import Observability
import OrderRepository
import ServiceLifecycle
import Testing
import Threads
import Ticketing

@testable import Gateway
@testable import Security

/// The hot routes on a real connection, where they are answered before Hummingbird.
@Suite(.timeLimit(.minutes(1))) struct HotPathTests {
    /// A gateway that listens while `body` runs.
    private func withServer<Value: Sendable>(
        hasher: PasswordHasher? = nil, _ configure: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: @Sendable (GatewayHarness, Int, ServiceGroup) async throws -> Value
    ) async throws -> Value {
        let harness = try await GatewayHarness(hasher: hasher) {
            $0.port = 0
            configure(&$0)
        }
        let logger = Logger(label: "hot-path.tests") { _ in SwiftLogNoOpLogHandler() }
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var server = GatewayServer(
            responder: harness.gateway.responder, configuration: harness.configuration,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        server.onListening = { listening.yield($0) }
        let services = harness.gateway.serviceGroup(
            stores: [], server: server, drainTime: .seconds(20), logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try #require(await ports.first { _ in true })
            let value = try await body(harness, port, services)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return value
        }
    }

    private static func purchase(
        _ event: EventID, key: String, token: String, fields: String = "", quantity: String = "1"
    ) -> String {
        let body = "{\"eventId\":\"\(event)\",\"quantity\":\(quantity)}"
        return """
            POST /api/tickets/purchase HTTP/1.1\r\nHost: x\r\nauthorization: Bearer \(token)\r\n\
            content-type: application/json\r\nIDEMPOTENCY-KEY: \(key)\r\n\(fields)\
            Content-Length: \(body.utf8.count)\r\n\r\n\(body)
            """
    }

    private static func poll(_ path: String, token: String, fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\(fields)\r\n"
    }

    /// The value of a text member of a JSON object.
    private static func member(_ name: String, of body: String) -> String? {
        ((try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any])?[name] as? String
    }

    @Test func aPurchaseAndItsPollAreAnsweredOnOneConnection() async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event()
            let token = try harness.token()
            try await RawConnection.with(port: port) { connection in
                try await connection.send(Self.purchase(event, key: "one", token: token))
                let accepted = try #require(try await connection.receive())
                #expect(accepted.line == "HTTP/1.1 202 Accepted")
                #expect(accepted.fields["date"]?.hasSuffix(" GMT") == true)
                #expect(accepted.fields["content-type"] == "application/json")
                #expect(Self.member("idempotencyKey", of: accepted.body) == "one")
                let path = try #require(accepted.fields["location"])

                try await connection.send(Self.poll(path, token: token))
                let order = try #require(try await connection.receive())
                #expect(order.line == "HTTP/1.1 200 OK")
                #expect(Self.member("status", of: order.body) == "pending")

                let tag = try #require(order.fields["etag"])
                try await connection.send(Self.poll(path, token: token, fields: "If-None-Match: \(tag)\r\n"))
                let same = try #require(try await connection.receive())
                #expect(same.line == "HTTP/1.1 304 Not Modified")
                #expect(same.fields["content-length"] == nil)
                // The connection still works after a 304, so the client and we agree on where it ended.
                try await connection.send(Self.poll(path, token: token))
                #expect(try await connection.receive()?.line == "HTTP/1.1 200 OK")
            }
            #expect(try await harness.available(event) == 99)
        }
    }

    /// The negative control of all the tests here: the general path gives the same answers, field by field.
    @Test func bothPathsGiveTheSameAnswers() async throws {
        try await withServer({ $0.corsOrigins = ["https://tickets.example"] }) { harness, port, _ in
            let event = try await harness.event()
            let soldOut = try await harness.event { $0.totalTickets = 0 }
            let user = UserID()
            let token = try harness.token(user)
            let order = try await harness.buy(event, key: "same", by: user)
            let origin = "Origin: https://tickets.example\r\n"
            let requests: [@Sendable (String) -> String] = [
                { Self.purchase(event, key: "same", token: token, fields: $0) },
                { Self.purchase(event, key: "same", token: token, fields: $0 + origin) },
                { Self.purchase(event, key: "same", token: token, fields: $0, quantity: "2") },
                { Self.purchase(event, key: "other", token: token, fields: $0, quantity: "0") },
                { Self.purchase(event, key: "other", token: token, fields: $0, quantity: "x") },
                { Self.purchase(event, key: "other", token: "x", fields: $0) },
                { Self.purchase(soldOut, key: "other", token: token, fields: $0) },
                { Self.poll("/api/orders/\(order)", token: token, fields: $0 + origin) },
                { Self.poll("/api/orders/\(order)", token: "x", fields: $0) },
                { Self.poll("/api/orders/\(EventID())", token: token, fields: $0) },
                { Self.poll("/api/orders/\(order)?wait=99", token: token, fields: $0) },
            ]
            for request in requests {
                var answers: [RawConnection.Message] = []
                // An `Expect` that the client does not wait for sends a request the general way.
                for fields in ["", "Expect: nothing\r\n"] {
                    let message = try await RawConnection.with(port: port) { connection in
                        try await connection.send(request(fields))
                        return try #require(try await connection.receive())
                    }
                    answers.append(message)
                }
                // The phrases may differ: NIO has those of RFC 7231.
                #expect(answers[0].line.prefix(12) == answers[1].line.prefix(12))
                var fields = answers.map(\.fields)
                for name in ["date", "x-request-id"] {
                    for index in fields.indices { fields[index][name] = nil }
                }
                #expect(fields[0] == fields[1])
                #expect(Self.withoutRequestID(answers[0].body) == Self.withoutRequestID(answers[1].body))
            }
        }
    }

    @Test func aLogInWithoutRoomIsRefusedAlikeOnBothPathsAndServedAgainWhenThereIsRoom() async throws {
        let threads = try WorkerThreads(count: 1, queueLimit: 1, idle: false)
        let (started, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        defer { release.signal() }
        let isWaiting = threads.submit {
            started.signal()
            release.wait()
        }
        try #require(isWaiting)
        started.wait()
        try #require(threads.submit {})
        let hasher = PasswordHasher(
            parameters: GatewayHarness.passwords.parameters, threads: threads,
            idleThreads: try WorkerThreads(count: 1, queueLimit: 1, idle: true))
        try await withServer(hasher: hasher, { $0.corsOrigins = ["https://tickets.example"] }) { harness, port, _ in
            let credentials = #"{"email":"nobody@example.org","password":"wrong password"}"#
            @Sendable func logIn(_ fields: String, _ body: String = credentials) -> String {
                """
                POST /api/auth/login HTTP/1.1\r\nHost: x\r\nOrigin: https://tickets.example\r\n\
                Content-Type: application/json\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                """
            }
            try await RawConnection.with(port: port) { connection in
                var answers: [RawConnection.Message] = []
                for fields in ["", "Expect: nothing\r\n"] {
                    try await connection.send(logIn(fields))
                    answers.append(try #require(try await connection.receive()))
                }
                #expect(answers[0].line.hasPrefix("HTTP/1.1 503 "))
                #expect(Self.member("code", of: answers[0].body) == "overloaded")
                #expect(answers[0].fields["retry-after"] == "2")
                var fields = answers.map(\.fields)
                for name in ["date", "x-request-id"] {
                    for index in fields.indices { fields[index][name] = nil }
                }
                #expect(fields[0] == fields[1])
                #expect(Self.withoutRequestID(answers[0].body) == Self.withoutRequestID(answers[1].body))
                #expect(harness.passwordHasher.computed == 0)
                // The router would have looked at it first.
                try await connection.send(logIn("", "x"))
                #expect(try await connection.receive()?.line.hasPrefix("HTTP/1.1 503 ") == true)

                release.signal()
                while threads.waiting > 0 { await Task.yield() }
                try await connection.send(logIn(""))
                #expect(try await connection.receive()?.line.hasPrefix("HTTP/1.1 401 ") == true)
            }
            let page = String(decoding: harness.registry.render(), as: UTF8.self)
            #expect(
                page.contains(#"onsale_http_requests_total{method="POST",route="/api/auth/login",status="5xx"} 3"#))
        }
    }

    private static func withoutRequestID(_ body: String) -> String {
        body.replacing(/"requestId":"[^"]*"/, with: "")
    }

    @Test func pipelinedRequestsAreAnsweredInOrderAcrossBothPaths() async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event { $0.limitPerBuyer = 100 }
            let token = try harness.token()
            try await RawConnection.with(port: port) { connection in
                var requests = ""
                for number in 0..<20 {
                    requests += Self.purchase(event, key: "k\(number)", token: token)
                    if number % 3 == 0 { requests += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" }
                    if number % 5 == 0 { requests += Self.purchase(event, key: "bad", token: "x") }
                }
                try await connection.send(requests)
                for number in 0..<20 {
                    let accepted = try #require(try await connection.receive())
                    #expect(Self.member("idempotencyKey", of: accepted.body) == "k\(number)")
                    if number % 3 == 0 { #expect(try await connection.receive()?.body.contains("ok") == true) }
                    if number % 5 == 0 { #expect(try await connection.receive()?.line.contains("401") == true) }
                }
            }
            #expect(try await harness.available(event) == 80)
        }
    }

    @Test func whatIsMissingOfARequestIsReadAfterTheAnswerToTheOneBeforeIt() async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event()
            let token = try harness.token()
            try await RawConnection.with(port: port) { connection in
                let second = Self.purchase(event, key: "second", token: token)
                try await connection.send(Self.purchase(event, key: "first", token: token) + second.dropLast(5))
                #expect(Self.member("idempotencyKey", of: try await connection.receive()?.body ?? "") == "first")
                try await connection.send(String(second.suffix(5)))
                #expect(Self.member("idempotencyKey", of: try await connection.receive()?.body ?? "") == "second")
            }
        }
    }

    @Test func aRequestThatComesByteByByteIsRead() async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event()
            let token = try harness.token()
            try await RawConnection.with(port: port) { connection in
                for character in Self.purchase(event, key: "slow", token: token) {
                    try await connection.send(String(character))
                }
                #expect(try await connection.receive()?.line == "HTTP/1.1 202 Accepted")
            }
        }
    }

    @Test func aClientThatSendsNothingMoreStillGetsItsAnswer() async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event()
            let token = try harness.token()
            try await RawConnection.with(port: port) { connection in
                try await connection.send(Self.purchase(event, key: "last", token: token))
                connection.finish()
                #expect(try await connection.receive()?.line == "HTTP/1.1 202 Accepted")
                #expect(try await connection.receive() == nil)
            }
        }
    }

    @Test(arguments: [
        "Connection: close\r\n", "Expect: 100-continue\r\n", "Upgrade: h2c\r\nConnection: upgrade\r\n",
    ])
    func unusualRequestsGoTheGeneralWay(_ fields: String) async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event()
            let token = try harness.token()
            try await RawConnection.with(port: port) { connection in
                try await connection.send(Self.purchase(event, key: "unusual", token: token, fields: fields))
                #expect(try await connection.receive()?.line == "HTTP/1.1 202 Accepted")
            }
        }
    }

    @Test func aBodyInChunksIsReadAndABodyThatIsTooLargeIsRefused() async throws {
        try await withServer { harness, port, _ in
            let event = try await harness.event()
            let token = try harness.token()
            let body = "{\"eventId\":\"\(event)\",\"quantity\":1}"
            let head = "POST /api/tickets/purchase HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
            try await RawConnection.with(port: port) { connection in
                let size = String(body.utf8.count, radix: 16)
                try await connection.send(
                    head + "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n0\r\n\r\n")
                #expect(try await connection.receive()?.line == "HTTP/1.1 202 Accepted")
            }
            try await RawConnection.with(port: port) { connection in
                try await connection.send(
                    head + "Content-Length: 20000\r\n\r\n" + String(repeating: " ", count: 20_000))
                #expect(try await connection.receive()?.line.hasPrefix("HTTP/1.1 413") == true)
            }
            #expect(try await harness.available(event) == 99)
        }
    }

    @Test func nonsenseIsABadRequestAndEndsTheConnection() async throws {
        try await withServer { _, port, _ in
            try await RawConnection.with(port: port) { connection in
                try await connection.send("nonsense\r\n\r\n")
                #expect(try await connection.receive()?.line.hasPrefix("HTTP/1.1 400") == true)
                #expect(try await connection.receive() == nil)
            }
        }
    }

    @Test func aStoppingGatewayFinishesALongPollOfTheHotPathAndClosesIt() async throws {
        try await withServer { harness, port, services in
            let event = try await harness.event()
            let user = UserID()
            let order = try await harness.buy(event, by: user)
            let token = try harness.token(user)
            try await RawConnection.with(port: port) { connection in
                try await connection.send(Self.poll("/api/orders/\(order)?wait=20", token: token))
                while harness.gateway.waiters.count == 0 { await Task.yield() }
                await services.triggerGracefulShutdown()
                #expect(try await connection.receive()?.line == "HTTP/1.1 200 OK")
                #expect(try await connection.receive() == nil)
            }
        }
    }
}
