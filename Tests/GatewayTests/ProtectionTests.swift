import Foundation
import HTTPTypes
import HummingbirdTesting
import InventoryStore
import Logging
import NIOCore
import NIOPosix
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
            #expect(answer.headers[HTTPField.Name("X-Content-Type-Options")!] == "nosniff")
            #expect(answer.headers[HTTPField.Name("Referrer-Policy")!] == "no-referrer")
            #expect(answer.headers[.contentSecurityPolicy] == "default-src 'none'; frame-ancestors 'none'")
            #expect(answer.headers[values: .cacheControl].count == 1)
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

    // MARK: - Slow clients

    /// Runs `body` with the port of a real server.
    private static func serving(
        _ configure: (inout GatewayLimits) -> Void, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let harness = try await GatewayHarness {
            $0.port = 0
            configure(&$0.limits)
        }
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var server = GatewayServer(
            responder: harness.gateway.responder, configuration: harness.configuration,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
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

    @Test func beyondTheLimitConnectionsWaitUntilOneIsFree() async throws {
        try await Self.serving {
            $0.connections = 2
            $0.acceptsPerTurn = 1
        } _: { port in
            let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            let isAnswered = Flag()
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
                            let line = try await stream.receive()?.line
                            isAnswered.set()
                            return line
                        }
                    }
                    try await Task.sleep(for: .milliseconds(300))
                    #expect(!isAnswered.isSet)
                    return third
                }
                #expect(try await third.value == "HTTP/1.1 200 OK")
            }
        }
    }
}
