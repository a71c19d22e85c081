import Foundation
import HTTPTypes
import HummingbirdTesting
import InventoryStore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing
import Ticketing

@testable import Gateway

/// The real server on a port of its own.
@Suite(.timeLimit(.minutes(1))) struct DrainTests {
    @Test func aStoppingGatewayAnswersWhatItHasBegunAndTakesNothingNew() async throws {
        let portFile = FileManager.default.temporaryDirectory.appending(path: "port-\(UUID())")
        defer { try? FileManager.default.removeItem(at: portFile) }
        let harness = try await GatewayHarness {
            $0.port = 0
            $0.portFile = portFile.path
        }
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "drain.tests") { _ in SwiftLogNoOpLogHandler() }
        var server = GatewayServer(
            responder: harness.gateway.responder, configuration: harness.configuration,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        server.onListening = { listening.yield($0) }
        let services = harness.gateway.serviceGroup(
            stores: [], server: server, drainTime: .seconds(20), logger: logger)

        let token = try harness.token(user)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try #require(await ports.first { _ in true })
            #expect(try String(contentsOf: portFile, encoding: .utf8) == "\(port)\n")

            let client = TestClient(host: "127.0.0.1", port: port)
            client.connect()
            let idle = TestClient(host: "127.0.0.1", port: port)
            idle.connect()
            let health = try await idle.get("/healthz")
            #expect(health.status == .ok)
            #expect(health.headers[.date]?.hasSuffix("GMT") == true)

            async let held = client.get("/api/orders/\(order)?wait=20", headers: [.authorization: "Bearer \(token)"])
            while harness.gateway.waiters.count == 0 { await Task.yield() }
            let start = ContinuousClock.now
            await services.triggerGracefulShutdown()
            let answer = try await held
            #expect(answer.status == .ok)
            // The wish to close the connection came while it was awaited.
            #expect(answer.headers[.connection] == "close")
            // The whole group has ended: the idle connection was closed, too.
            try await group.waitForAll()
            #expect(ContinuousClock.now - start < .seconds(10))

            let late = TestClient(host: "127.0.0.1", port: port)
            late.connect()
            await #expect(throws: (any Error).self) { try await late.get("/healthz") }
        }
    }

    @Test func beforeItStopsAGatewaySaysSoAndServesAsBeforeButEndsEachConnection() async throws {
        let harness = try await GatewayHarness { $0.port = 0 }
        let event = try await harness.event()
        let user = UserID()
        let order = try await harness.buy(event, by: user)
        let token = try harness.token(user)
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "drain.tests") { _ in SwiftLogNoOpLogHandler() }
        var server = GatewayServer(
            responder: harness.gateway.responder, configuration: harness.configuration,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        server.onListening = { listening.yield($0) }
        // Longer than the test may take: what is answered here is answered within the delay.
        let services = harness.gateway.serviceGroup(
            stores: [], server: server, stopDelay: .seconds(300), drainTime: .seconds(20), logger: logger)

        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            await #expect(throws: Never.self) {
                let port = try #require(await ports.first { _ in true })
                try await RawConnection.with(port: port) { connection in
                    let head = "HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n"
                    try await connection.send("GET /api/orders/\(order)?wait=20 \(head)")
                    while harness.gateway.waiters.count == 0 { await Task.yield() }
                    await services.triggerGracefulShutdown()
                    while !harness.gateway.readiness.isStopping { await Task.yield() }
                    #expect(harness.gateway.waiters.count == 1)

                    // The door is open: load balancers are told on a new connection, and buyers still buy.
                    // What is sent behind an answer that ends the connection is not looked at.
                    let answers = try await Self.conversation(
                        port, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", Self.purchase(event, token: token))
                    #expect(answers.map(\.line) == ["HTTP/1.1 503 Service Unavailable"])
                    #expect(answers[0].body.contains("\"stopping\""))
                    let purchases = try await Self.conversation(port, Self.purchase(event, token: token))
                    #expect(purchases.map(\.line) == ["HTTP/1.1 202 Accepted"])
                    #expect((answers + purchases).allSatisfy { $0.fields["connection"] == "close" })

                    // What was awaited before ends its connection as well.
                    try await harness.settle(order, .confirmed, tickets: 1)
                    let answer = try #require(try await connection.receive())
                    #expect(answer.line == "HTTP/1.1 200 OK")
                    #expect(answer.fields["connection"] == "close")
                    #expect(try await connection.receive() == nil)
                }
            }
            group.cancelAll()
        }
    }

    private static func purchase(_ event: EventID, token: String) -> String {
        let body = "{\"eventId\":\"\(event)\",\"quantity\":1}"
        return """
            POST /api/tickets/purchase HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\
            Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """
    }

    /// Sends the requests on one new connection and gives back what comes until it is closed.
    private static func conversation(_ port: Int, _ requests: String...) async throws -> [RawConnection.Message] {
        try await RawConnection.with(port: port) { connection in
            try await connection.send(requests.joined())
            var answers: [RawConnection.Message] = []
            while let answer = try await connection.receive() {
                answers.append(answer)
                if answers.count == 1 { connection.finish() }
            }
            return answers
        }
    }
}
