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
            // The whole group has ended: the idle connection was closed, too.
            try await group.waitForAll()
            #expect(ContinuousClock.now - start < .seconds(10))

            let late = TestClient(host: "127.0.0.1", port: port)
            late.connect()
            await #expect(throws: (any Error).self) { try await late.get("/healthz") }
        }
    }
}
