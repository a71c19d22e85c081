import NIOCore
import NIOPosix
import Ticketing

@testable import LoadTest

/// Runs scenarios against servers of the test's own process, which have no books to look into.
enum ShopRun {
    /// A sale of one ticket a buyer.
    static func scenario(
        tickets: Int, _ arrivals: [ArrivalPhase], _ journeys: [Journey] = [Journey(kind: .buy)], timeout: Int = 20
    ) -> Scenario {
        var scenario = Scenario(arrivals: arrivals, journeys: journeys)
        scenario.sale = Scenario.Sale(tickets: tickets, limitPerBuyer: 4)
        scenario.traffic.connections = 16
        scenario.traffic.pollConnections = 64
        scenario.timeoutSeconds = timeout
        scenario.queueToleranceSeconds = 0.3
        return scenario
    }

    static func run(
        _ scenario: Scenario, at port: Int, agents: [AgentAddress] = [], target: Target? = nil
    ) async throws -> RunRecord {
        try await run(scenario, at: try Endpoint("http://127.0.0.1:\(port)"), agents: agents, target: target)
    }

    static func run(
        _ scenario: Scenario, at endpoint: Endpoint, agents: [AgentAddress] = [], target: Target? = nil
    ) async throws -> RunRecord {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: scenario.traffic.threads)
        var settings = RunSettings(scenario: scenario, endpoints: [endpoint])
        settings.target = target ?? Target.onsale
        settings.target.event = settings.target.event ?? EventID().description
        // Whose account it is decides about limits.
        settings.tokens = (0..<100_000).map { "token-\($0)" }
        settings.agents = agents
        settings.agentSecret = secret
        let record = try await ScenarioRun(
            settings: settings, group: group, backstage: nil, display: LiveDisplay(isTerminal: false)
        ).run()
        try await group.shutdownGracefully()
        return record
    }

    /// What the agents of tests know.
    static let secret = "known to all who are in the test"
}
