import Foundation
import HTTPTypes
import HummingbirdTesting
import InventoryStore
import Logging
import NIOCore
import NIOPosix
import Observability
import OnsaleConfiguration
import OrderRepository
import ServiceLifecycle
import Testing
import Ticketing

@testable import Gateway

/// What keeps the gateway from its clients, and clients from others.
@Suite(.timeLimit(.minutes(2))) struct ProtectionTests {
    // MARK: - Headers

    @Test func everyAnswerTellsBrowsersToMakeNothingOfIt() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let token = try harness.token(user)
        let answers = [
            try await harness.send(.get, "/api/events"), try await harness.send(.get, "/nowhere"),
            try await harness.send(.get, "/metrics"),
            try await harness.send(.get, "/api/orders/\(order)", token: token),
            try await harness.purchase(event, token: token), try await harness.send(.post, "/api/tickets/purchase"),
        ]
        for answer in answers {
            for (name, value) in Self.protection {
                #expect(answer.headers[values: HTTPField.Name(name)!] == [value], "\(name)")
            }
            #expect(answer.headers[.strictTransportSecurity] == nil)
            #expect(answer.headers[values: .cacheControl].count == 1)
        }
    }

    private static let protection = [
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
    ]

    @Test(arguments: [true, false])
    func answersOfTheHotPathSaySoToo(isSecure: Bool) async throws {
        let harness = try await GatewayHarness { $0.sessions.isCookieSecure = isSecure }
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let authorization = "Host: x\r\nAuthorization: Bearer \(try harness.token(user))\r\n"
        let body = "{\"eventId\":\"\(event)\",\"quantity\":1}"
        let purchase = "\(authorization)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let requests = [
            ("202", "POST /api/tickets/purchase HTTP/1.1\r\n\(purchase)"),
            ("401", "POST /api/tickets/purchase HTTP/1.1\r\n\r\n"),
            ("200", "GET /api/orders/\(order) HTTP/1.1\r\n\(authorization)\r\n"),
            ("404", "GET /api/orders/x HTTP/1.1\r\n\(authorization)\r\n"),
            // The general way, to the same route and to another.
            ("200", "GET /api/orders/\(order) HTTP/1.1\r\nExpect: nothing\r\n\(authorization)\r\n"),
            ("200", "GET /healthz HTTP/1.1\r\n\r\n"),
        ]
        try await Self.serving(harness) { port in
            try await RawConnection.with(port: port) { stream in
                for (status, request) in requests {
                    try await stream.send(request)
                    let answer = try #require(try await stream.receive())
                    #expect(answer.line.hasPrefix("HTTP/1.1 \(status)"), "\(request)")
                    #expect(answer.fields.filter { Self.protection.keys.contains($0.key) } == Self.protection)
                    #expect(answer.fields["strict-transport-security"] == (isSecure ? "max-age=31536000" : nil))
                    #expect(answer.fields["cache-control"] != nil)
                }
            }
        }
    }

    // MARK: - Request ids

    @Test func anAnswerHasTheRequestsId() async throws {
        let harness = try await GatewayHarness()
        let token = try harness.token()
        for path in ["/api/orders", "/nowhere", "/api/orders/x"] {
            let answer = try await harness.send(.get, path, token: token, headers: [.requestID: "proxy-1.a_B"])
            #expect(answer.headers[values: .requestID] == ["proxy-1.a_B"], "\(path)")
            if answer.status >= 400 { #expect(answer.string("requestId") == "proxy-1.a_B") }
        }
        for id in ["", "a b", "a\"b", "é", String(repeating: "a", count: 65)] {
            for path in ["/nowhere", "/api/orders/x"] {
                let answer = try await harness.send(.get, path, token: token, headers: [.requestID: id])
                #expect(answer.headers[.requestID] != id)
                #expect(answer.headers[.requestID] == answer.string("requestId"))
                #expect(answer.string("requestId")?.isEmpty == false)
            }
        }
    }

    // MARK: - Proxies

    @Test(arguments: [true, false])
    func aCookieIsForHttpsWhereAProxyThatIsTrustedSaysSo(isTrusted: Bool) async throws {
        let harness = try await GatewayHarness {
            if isTrusted { $0.requestLimits.trustedProxies = TrustedProxies([AddressNetwork("127.0.0.1")!]) }
        }
        try await Self.serving(harness) { port in
            try await RawConnection.with(port: port) { stream in
                let body = #"{"email":"ada@example.org","password":"correct horse","session":"cookie"}"#
                try await stream.send(
                    """
                    POST /api/auth/register HTTP/1.1\r\nHost: x\r\nX-Onsale-Session: cookie\r\n\
                    X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n\
                    Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                    """)
                let cookie = try await stream.receive()?.fields["set-cookie"]
                #expect(cookie?.hasSuffix("; Secure") == isTrusted)
            }
        }
    }

    // MARK: - Slow clients

    /// Runs `body` with the port of a real server.
    private static func serving(
        _ configure: (inout GatewayLimits) -> Void, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await serving(try await GatewayHarness { configure(&$0.limits) }) { try await body($0) }
    }

    private static func serving(
        _ harness: GatewayHarness, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var configuration = harness.configuration
        configuration.port = 0
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var server = GatewayServer(
            responder: harness.gateway.responder, configuration: configuration, eventLoopGroup: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        server.onListening = { listening.yield($0) }
        let running = server
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await running.run() }
            defer { group.cancelAll() }
            try await body(try #require(await ports.first { _ in true }))
        }
    }

    /// Sends `bytes` over and over until the connection is closed.
    private static func trickle(_ first: String, _ bytes: String, port: Int) async throws {
        try await RawConnection.with(port: port) { stream in
            try await stream.send(first)
            do {
                while true {
                    try await stream.send(bytes)
                    try await Task.sleep(for: .milliseconds(10))
                }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // Closed, as it should be; by which error a write says so depends on where it was.
            }
        }
    }

    @Test(arguments: [
        ("GET /api/events HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n"),
        ("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n", "a"),
        ("POST /api/tickets/purchase HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\n", "a"),
        ("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"),
    ])
    func aRequestThatTricklesInIsCutOff(first: String, bytes: String) async throws {
        try await Self.serving {
            $0.requestTime = .milliseconds(300)
        } _: { port in
            try await Self.trickle(first, bytes, port: port)
        }
    }

    @Test func aBodyThatTricklesInTakesNobodysPlace() async throws {
        let harness = try await GatewayHarness { $0.limits.requestsInFlight = 1 }
        let event = try await harness.event()
        let token = try harness.token()
        try await Self.serving(harness) { port in
            try await RawConnection.with(port: port) { slow in
                try await slow.send("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                // The server has the first byte.
                while !String(decoding: harness.registry.render(), as: UTF8.self).contains("onsale_body_bytes 1\n") {
                    await Task.yield()
                }
                #expect(try await harness.purchase(event, token: token).status == 202)
                let body = "{\"eventId\":\"\(event)\",\"quantity\":1}"
                try await RawConnection.with(port: port) { buyer in
                    try await buyer.send(
                        """
                        POST /api/tickets/purchase HTTP/1.1\r\nAuthorization: Bearer \(token)\r\n\
                        Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                        """)
                    #expect(try await buyer.receive()?.line == "HTTP/1.1 202 Accepted")
                }
                try await slow.send(String(repeating: " ", count: 98) + "}")
                #expect(try await slow.receive()?.line.hasPrefix("HTTP/1.1 422") == true)
            }
            #expect(String(decoding: harness.registry.render(), as: UTF8.self).contains("onsale_body_bytes 0\n"))
        }
    }

    @Test func bodiesHaveABoundTogether() async throws {
        let harness = try await GatewayHarness { $0.limits.bodyMemory = 100 }
        let login = "{\"email\":\"a@b.c\",\"password\":\"\(String(repeating: "x", count: 100))\"}"
        for _ in 0..<2 { try await harness.send(.post, "/api/auth/login", body: login).expectProblem(.overloaded) }
        // What was refused is given back.
        try await harness.send(.post, "/api/auth/login", body: "{}").expectProblem(.validationFailed)
    }

    @Test(arguments: [
        ("/api/auth/login", 16 * 1024), ("/api/events", 64 * 1024), ("/api/webhooks/stripe", 256 * 1024),
    ])
    func aBodyMayBeAsLargeAsItsRouteTakes(path: String, limit: Int) async throws {
        let secret = Secret(bytes: Array(repeating: 1, count: 16))
        let harness = try await GatewayHarness { $0.stripeWebhookSecret = secret }
        try await Self.serving(harness) { port in
            let authorization = "Authorization: Bearer \(try harness.token(role: .admin))\r\n"
            for (size, isTooLarge) in [(limit, false), (limit + 1, true)] {
                let body = "{" + String(repeating: " ", count: size - 2) + "}"
                let chunk = "\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                for message in [
                    "Content-Length: \(size)\r\n\r\n\(body)", "Transfer-Encoding: chunked\r\n\r\n\(chunk)",
                ] {
                    try await RawConnection.with(port: port) { stream in
                        try await stream.send("POST \(path) HTTP/1.1\r\nHost: x\r\n\(authorization)\(message)")
                        let line = try await stream.receive()?.line
                        #expect(line?.contains(" 413 ") == isTooLarge, "\(line ?? "closed")")
                    }
                }
            }
        }
    }

    @Test func anIdleConnectionIsClosed() async throws {
        try await Self.serving {
            $0.idleConnectionTime = .milliseconds(200)
        } _: { port in
            try await RawConnection.with(port: port) { stream in
                let message = try await stream.receive()
                #expect(message == nil)
            }
        }
    }

    @Test func aConnectionWithOneRequestAfterAnotherIsKept() async throws {
        try await Self.serving {
            $0.requestTime = .milliseconds(300)
        } _: { port in
            try await RawConnection.with(port: port) { stream in
                let start = ContinuousClock.now
                while ContinuousClock.now - start < .seconds(1) {
                    // In two pieces, so that each has a timer, which must end with it.
                    try await stream.send("GET /healthz HTTP/1.1\r\n")
                    try await Task.sleep(for: .milliseconds(5))
                    try await stream.send("Host: x\r\n\r\n")
                    #expect(try await stream.receive()?.line == "HTTP/1.1 200 OK")
                }
            }
        }
    }

    // MARK: - Connections

    @Test(arguments: [true, false])
    func oneClientHasNoMoreConnectionsThanItMayAndAProxyHas(isProxy: Bool) async throws {
        let harness = try await GatewayHarness {
            $0.requestLimits.connectionsAddress = 1
            if isProxy { $0.requestLimits.trustedProxies = TrustedProxies([AddressNetwork("127.0.0.0/8")!]) }
        }
        let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        try await Self.serving(harness) { port in
            try await RawConnection.with(port: port) { first in
                try await first.send(request)
                #expect(try await first.receive() != nil)
                #expect(await Self.isAnswered(request, port: port) == isProxy)
            }
            // Its end is noticed at some time; a connection that was refused ends no other, nor the server.
            while await !Self.isAnswered(request, port: port) { try Task.checkCancellation() }
        }
    }

    private static func isAnswered(_ request: String, port: Int) async -> Bool {
        let answer = try? await RawConnection.with(port: port) { stream in
            try await stream.send(request)
            return try await stream.receive()
        }
        // A connection that is closed may say so by an error.
        return answer != nil
    }

    @Test func beyondTheLimitConnectionsWaitUntilOneIsFree() async throws {
        let harness = try await GatewayHarness {
            $0.limits.connections = 2
            $0.limits.acceptsPerTurn = 1
        }
        // One thread does everything, so an answer shows that the server has looked at all that was there before.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await Self.serving(harness, on: group) { port in
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            let isAnswered = Flag()
            let (sent, sending) = AsyncStream.makeStream(of: Void.self)
            try await RawConnection.with(port: port) { first in
                try await first.send(request)
                #expect(try await first.receive() != nil)
                let third = try await RawConnection.with(port: port) { second in
                    try await second.send(request)
                    #expect(try await second.receive() != nil)
                    // Stands in the kernel's queue while both are there.
                    let third = Task {
                        try await RawConnection.with(port: port) { stream in
                            try await stream.send(request)
                            sending.yield()
                            let line = try await stream.receive()?.line
                            isAnswered.set()
                            return line
                        }
                    }
                    _ = await sent.first { _ in true }
                    // To take it, to read its request and to answer are a few turns.
                    for _ in 0..<20 {
                        try await second.send(request)
                        #expect(try await second.receive() != nil)
                    }
                    #expect(!isAnswered.isSet)
                    return third
                }
                #expect(try await third.value == "HTTP/1.1 200 OK")
            }
        }
        try await group.shutdownGracefully()
    }
}
