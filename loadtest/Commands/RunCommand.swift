import ArgumentParser
import Foundation
import OnsaleConfiguration
import Ticketing

/// `loadtest run SCENARIO`: a scenario file, judged by its thresholds.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Carries out a scenario file and judges the result.",
        discussion: """
            Exit status: 0 good, 1 a promise was broken, 2 the generator was the bottleneck and the figures say \
            nothing, 3 a threshold was missed, 4 the run could not be carried out.
            """)

    @Argument(help: "Scenario file (YAML).")
    var scenario: String

    @OptionGroup
    var target: TargetOptions

    @OptionGroup
    var report: ReportOptions

    @Option(name: .customLong("target"), help: "Description (YAML) of another service than ours.")
    var description: String?

    @Option(help: "File with access tokens, one a line, for --target.")
    var tokens: String?

    @Option(help: "Agents that send the load, comma separated: HOST:PORT. Their secret is LOADTEST_AGENT_SECRET.")
    var agents: String?

    @Option(help: "File that the history is kept in.")
    var history: String?

    @Option(help: "Takes the place of the scenario's seed.")
    var seed: UInt64?

    @Option(help: "One more threshold, such as 'p99(accept) < 50ms'. May be given several times.")
    var threshold: [String] = []

    func validate() throws {
        try target.check()
        guard tokens == nil || description != nil else { throw ValidationError("--tokens needs --target") }
    }

    func run() async throws {
        let result: RunReport
        do {
            result = try await RunExecution(settings: try await settings(), files: report.files, history: history).run()
        } catch let error as LoadTestError {
            throw error.reported()
        }
        if result.verdict != .good { throw ExitCode(result.verdict.rawValue) }
    }

    private func settings() async throws -> RunSettings {
        var scenario = try Scenario(file: scenario)
        if let seed { scenario.seed = seed }
        for text in threshold { scenario.thresholds.append(try Threshold(text)) }
        var settings = RunSettings(scenario: scenario, endpoints: try await target.endpoints())
        settings.event = target.event.flatMap { EventID($0) }
        if let description {
            settings.target = try Target(file: description)
            settings.tokens = try readTokens()
        } else if scenario.sale != nil || scenario.journeys.contains(where: { $0.kind == .logIn }) {
            settings.administrator = try await target.administrator()
        }
        if let agents {
            settings.agents = try AgentAddress.list(agents)
            settings.agentSecret = try await AgentCommand.secret()
        }
        return settings
    }

    private func readTokens() throws -> [String] {
        guard let tokens else { return [] }
        return try InputFile(path: tokens).text().split(whereSeparator: \.isNewline).map(String.init)
    }
}
