import ArgumentParser
import Ticketing

/// `loadtest onsale`: one flash on-sale, from the empty event to the audit. Ends with 1 when a promise was broken.
struct OnSaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "onsale", abstract: "Sells out an event under an open-model load and audits the result.",
        discussion: """
            A scenario by flags, for demos and tests: its exit status tells whether every promise was kept. A generator \
            that did not keep up is marked in the report, and decides the exit status with --strict.
            """)

    @OptionGroup
    var target: TargetOptions

    @OptionGroup
    var options: OnSaleOptions

    @OptionGroup
    var report: ReportOptions

    @Option(help: "File that the history is kept in.")
    var history: String?

    @Flag(help: "Ends with 2 when the generator was the bottleneck.")
    var strict = false

    func validate() throws {
        try target.check()
        try options.check()
    }

    func run() async throws {
        var settings = RunSettings(scenario: options.scenario, endpoints: try await target.endpoints())
        settings.administrator = try await target.administrator()
        settings.timeoutIncludesLoad = true
        settings.event = target.event.flatMap { EventID($0) }
        let result = try await RunExecution(settings: settings, files: report.files, history: history).run()
        switch result.verdict {
        case .good, .missedThreshold, .failed: break
        case .invalid where !strict: break
        case .invalid, .brokenPromise: throw ExitCode(result.verdict.rawValue)
        }
    }
}
