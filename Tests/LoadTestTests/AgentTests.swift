import Histogram
import NIOCore
import NIOPosix
import Testing
import Ticketing

@testable import LoadTest

@Suite("Agents", .timeLimit(.minutes(2)))
struct AgentTests {
    private static func agent(
        secret: String = ShopRun.secret, patience: TimeAmount = .seconds(10)
    ) async throws -> (AgentServer, Task<Void, any Error>) {
        let server = try await AgentServer.listen(
            on: try AgentAddress("127.0.0.1:0"), secret: secret,
            group: MultiThreadedEventLoopGroup(numberOfThreads: 1), display: LiveDisplay(isTerminal: false),
            patience: patience)
        return (server, Task { try await server.run() })
    }

    @Test("Two agents send one plan, each visit once, and what they saw is one history without a violation")
    func onePlan() async throws {
        let shop = Shop(tickets: 300)
        let server = try await StandInServer { request, _ in shop.answer(request) }
        let scenario = ShopRun.scenario(
            tickets: 300, [.poisson(rate: 200, seconds: 2)],
            [
                Journey(kind: .buy, weight: 5), Journey(kind: .buyRepeatedly(copies: 1)), Journey(kind: .abandon),
                Journey(kind: .poll(times: 1)), Journey(kind: .bot(accounts: 3, requests: 4, everyMilliseconds: 3)),
            ])
        let agents = [try await Self.agent(), try await Self.agent()]
        let record = try await ShopRun.run(
            scenario, at: server.port,
            agents: try agents.map { try AgentAddress("127.0.0.1:\($0.0.port)") })
        let plan = ArrivalPlan(scenario)
        let visits = record.history.visits.filter { $0.wave == 1 }
        #expect(visits.map(\.number) == plan.arrivals.map(\.number))
        #expect(
            zip(visits, plan.arrivals).allSatisfy { visit, arrival in
                // Clocks of one machine differ by what the comparison is off: some microseconds, or a busy moment.
                visit.buyer == arrival.buyer && visit.quantity == arrival.quantity
                    && abs(visit.intendedAt - record.header.start - arrival.offset) < 500_000_000
            })
        let report = RunReport(record)
        #expect(report.violations == [])
        #expect(report.ticketsSold == 300)
        #expect(report.generator.processes == 2 && report.generator.sent == plan.arrivals.count)
        #expect(report.journeys.map(\.visits).reduce(0, +) == plan.arrivals.count)
        for (agent, task) in agents {
            try await agent.stop()
            try await task.value
        }
        try await server.stop()
    }

    @Test("Who does not know the secret is not let in")
    func secret() async throws {
        let server = try await FixedServer(threads: 1)
        let (agent, task) = try await Self.agent(secret: "another secret of some length")
        let error = await #expect(throws: LoadTestError.self) {
            try await ShopRun.run(
                HonestyTests.looks([.steady(rate: 10, seconds: 1)], connections: 1), at: server.port,
                agents: [try AgentAddress("127.0.0.1:\(agent.port)")])
        }
        #expect(error?.code == .agent)
        try await agent.stop()
        try await task.value
        try await server.stop()
    }

    @Test("Who connects and says nothing is shown out, and the next one is served")
    func silence() async throws {
        let server = try await FixedServer(threads: 1)
        let (agent, task) = try await Self.agent(patience: .milliseconds(200))
        let silent = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: agent.port).get()
        let record = try await ShopRun.run(
            HonestyTests.looks([.steady(rate: 10, seconds: 1)], connections: 1), at: server.port,
            agents: [try AgentAddress("127.0.0.1:\(agent.port)")])
        #expect(record.header.generator.sent == 10)
        try await silent.closeFuture.get()
        try await agent.stop()
        try await task.value
        try await server.stop()
    }

    @Test("Books of several loops add up to that of one which saw everything")
    func exactMerge() {
        var generator = SeededGenerator(seed: 3)
        var whole = LatencyBook()
        var parts = Array(repeating: LatencyBook(), count: 4)
        for number in 0..<20_000 {
            let series = LatencySeries.allCases[number % LatencySeries.allCases.count]
            let sent = Instant.random(in: 1_000...30_000_000_000, using: &generator)
            let intended = sent + Instant.random(in: 0...1_000_000_000, using: &generator)
            whole.record(series, sinceIntended: intended, sinceSent: sent)
            parts[number % 4].record(series, sinceIntended: intended, sinceSent: sent)
        }
        #expect(LatencySeries.allCases.map(\.index) == Array(LatencySeries.allCases.indices))
        let sum = parts.dropFirst().reduce(into: parts[0]) { $0.merge($1) }
        for series in LatencySeries.allCases {
            let (left, right) = (sum[series], whole[series])
            #expect(Array(left.corrected.recordedValues()) == Array(right.corrected.recordedValues()))
            #expect(Array(left.uncorrected.recordedValues()) == Array(right.uncorrected.recordedValues()))
        }
    }

    @Test("Of several comparisons of clocks the quickest counts")
    func clocks() {
        var offset = ClockOffset()
        offset.note(asked: 0, shown: 5_000, answered: 400)
        #expect(offset.offset == 4_800 && offset.roundTrip == 400)
        offset.note(asked: 1_000, shown: 6_050, answered: 1_100)
        #expect(offset.offset == 5_000)
        offset.note(asked: 2_000, shown: 9_999, answered: 9_000)
        #expect(offset.offset == 5_000)
    }

    @Test("A chapter shifted to another clock and back is the same")
    func shift() {
        let record = RunRecordTests.record()
        let chapter = HistoryChapter(visits: record.history.visits, operations: record.history.operations)
        #expect(chapter.shifted(by: 12_345) != chapter)
        #expect(chapter.shifted(by: 12_345).shifted(by: -12_345) == chapter)
    }

    @Test("Addresses need a port", arguments: ["localhost", ":80", "host:", "host:70000", ""])
    func addresses(text: String) {
        #expect(throws: LoadTestError.self) { try AgentAddress(text) }
    }
}
