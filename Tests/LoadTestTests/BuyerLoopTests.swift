import Histogram
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing
import Ticketing

@testable import LoadTest

/// A loop against a server in the same process.
@Suite("Buyers", .timeLimit(.minutes(1)))
struct BuyerLoopTests {
    static let accepted = #"{"orderId":"\#(SampleSale.order(1))","status":"pending"}"#
    static let confirmed = #"{"status":"confirmed"}"#

    /// Runs `count` purchases, `gap` milliseconds apart, and gives back how they ended and what was counted.
    static func run(
        _ count: Int, against ports: [Int], gap: Int64 = 1, connections: Int = 4, pollConnections: Int = 4,
        timeout: Duration = .seconds(30)
    ) async throws -> ([Purchase], LoadRecord) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let configuration = BuyerLoop.Configuration(
            event: EventID(), endpoints: try ports.map { try Endpoint("http://127.0.0.1:\($0)") },
            connections: connections, pollConnections: pollConnections, pollWait: 1)
        let buyers = (0..<count).map { Buyer(id: UserID(), token: "token-\($0)") }
        let buyerLoop = try await BuyerLoopHandle.make(
            on: group.next(), configuration: configuration, buyers: buyers, seed: 1)
        let plans = (0..<count).map {
            Arrival(
                number: $0, journey: Arrival.noJourney, buyer: $0, quantity: 1, paymentMethod: "pm_accepted",
                offset: Instant($0) * gap * 1_000_000)
        }
        let now = BuyerLoop.now()
        try await buyerLoop.run(plans, wave: 1, at: now, deadline: now + timeout.nanoseconds)
        let result = (try await buyerLoop.purchases(), try await buyerLoop.record())
        try await buyerLoop.stop()
        try await group.shutdownGracefully()
        return result
    }

    /// Accepts every purchase at once and confirms every order on the first poll.
    static func serve(_ request: StandInServer.Request) -> StandInServer.Answer {
        request.isPurchase ? .reply(202, body: accepted) : .reply(200, body: confirmed)
    }

    @Test("Each purchase is sent once with its buyer's token and a key of its own, and followed to its end")
    func plain() async throws {
        let server = try await StandInServer { request, _ in Self.serve(request) }
        let (purchases, record) = try await Self.run(20, against: [server.port])
        #expect(purchases.allSatisfy { $0.state == .ended(.confirmed) && $0.attempts == 1 })
        #expect(record.accepted == 20 && record.confirmed == 20 && record.sent == 20)
        let asked = server.requests.filter(\.isPurchase)
        #expect(Set(asked.map(\.key)).count == 20)
        #expect(asked.contains { $0.headers["authorization"] == ["Bearer token-7"] })
        #expect(asked.allSatisfy { $0.body.contains(#""quantity":1,"paymentMethod":"pm_accepted""#) })
        try await server.stop()
    }

    @Test("A purchase whose answer was lost is sent again under the same key")
    func lostAnswer() async throws {
        let server = try await StandInServer { request, earlier in
            request.isPurchase && earlier == 0 ? .drop : Self.serve(request)
        }
        let (purchases, record) = try await Self.run(10, against: [server.port])
        #expect(purchases.allSatisfy { $0.state == .ended(.confirmed) && $0.attempts == 2 && $0.mayHaveReached })
        let keys = server.requests.filter(\.isPurchase).map(\.key)
        #expect(keys.count == 20 && Set(keys).count == 10)
        #expect(record.purchaseRetries == 10)
        try await server.stop()
    }

    @Test("A poll whose connection was lost is made again")
    func lostPoll() async throws {
        let server = try await StandInServer { request, earlier in
            !request.isPurchase && earlier < 3 ? .drop : Self.serve(request)
        }
        let (purchases, _) = try await Self.run(3, against: [server.port])
        #expect(purchases.allSatisfy { $0.state == .ended(.confirmed) })
        try await server.stop()
    }

    @Test("Buyers wait while the server is down and go on when it is back on the same port")
    func restart() async throws {
        let first = try await StandInServer { _, _ in .drop }
        let port = first.port
        async let result = Self.run(10, against: [port])
        while first.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        try await first.stop()
        let second = try await StandInServer(port: port) { request, _ in Self.serve(request) }
        #expect(try await result.0.allSatisfy { $0.state == .ended(.confirmed) })
        try await second.stop()
    }

    @Test("With one of two addresses dead the other one serves everybody")
    func failOver() async throws {
        let dead = try await StandInServer { _, _ in .drop }
        let port = dead.port
        try await dead.stop()
        let server = try await StandInServer { request, _ in Self.serve(request) }
        let (purchases, _) = try await Self.run(10, against: [port, server.port])
        #expect(purchases.allSatisfy { $0.state == .ended(.confirmed) })
        try await server.stop()
    }

    @Test("A poll names the state that is known, and a 304 is followed by another poll")
    func entityTags() async throws {
        let server = try await StandInServer { request, earlier in
            if request.isPurchase { return .reply(202, body: Self.accepted) }
            switch earlier {
            case 0: return .reply(200, headers: [("ETag", "\"1\"")], body: #"{"status":"pending","pollAfterMs":1}"#)
            case 1: return .reply(304, headers: [("ETag", "\"1\"")])
            default: return .reply(200, headers: [("ETag", "\"2\"")], body: Self.confirmed)
            }
        }
        let (purchases, record) = try await Self.run(1, against: [server.port])
        #expect(purchases[0].state == .ended(.confirmed))
        #expect(record.polls == 3 && record.notModified == 1)
        let tags = server.requests.filter { !$0.isPurchase }.map { $0.headers["if-none-match"] }
        #expect(tags == [[], ["\"1\""], ["\"1\""]])
        try await server.stop()
    }

    @Test("Latency counts from the intended send: one slow connection shows the line that forms before it")
    func coordinatedOmission() async throws {
        let server = try await StandInServer { request, _ in
            request.isPurchase ? .late(20, status: 409, body: #"{"code":"sold_out"}"#) : .drop
        }
        let (_, record) = try await Self.run(20, against: [server.port], connections: 1)
        // 20 answers one after the other take 400 ms; all were due within 20 ms. Each alone took 20 ms.
        #expect(record.latencies[.refuse].corrected.max >= 380_000)
        #expect(record.latencies[.refuse].corrected.valueAtPercentile(50) >= 150_000)
        #expect(record.heldBack > 10 && record.refusedByCode == ["sold_out": 20])
        try await server.stop()
    }

    @Test("No more polls are held than there are poll connections; the other orders stand in line")
    func boundedPolls() async throws {
        let server = try await StandInServer { request, _ in
            request.isPurchase ? .reply(202, body: Self.accepted) : .late(20, status: 200, body: Self.confirmed)
        }
        let (purchases, _) = try await Self.run(12, against: [server.port], connections: 1, pollConnections: 2)
        #expect(purchases.allSatisfy { $0.state == .ended(.confirmed) })
        // Two polls and one purchase.
        #expect(server.mostOpen <= 3)
        try await server.stop()
    }

    @Test("A run ends at its deadline: who was only told to wait has been refused, nothing is left open")
    func deadline() async throws {
        let server = try await StandInServer { request, _ in .reply(503, body: #"{"code":"overloaded"}"#) }
        let (purchases, record) = try await Self.run(5, against: [server.port], timeout: .milliseconds(500))
        #expect(purchases.allSatisfy { $0.state == .abandoned("overloaded") })
        #expect(record.busyByCode["overloaded", default: 0] >= 5)
        try await server.stop()
    }
}
