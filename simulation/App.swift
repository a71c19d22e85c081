import ArgumentParser

/// Runs the sale with everything that can befall it, in a time and by a chance of its own, and checks the invariants
/// after every step and at the end.
@main
struct App: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs simulated sales with faults, by seed, and checks the invariants.",
        discussion: "A seed that fails is printed; with --seed it runs again exactly as it did, with its trace.")

    @Option(help: "Run one seed and print what happens.")
    var seed: UInt64?

    @Option(help: "Run a range of seeds, FROM..TO.", transform: App.range)
    var seeds: ClosedRange<UInt64> = 1...10_000

    @Option(help: "Break a rule on purpose: \(Control.allCases.map(\.rawValue).joined(separator: ", ")).")
    var control: Control?

    @Option(help: "Threads, each with runs of its own.")
    var jobs = 2

    @Flag(help: "Go on after a seed that fails.")
    var all = false

    mutating func run() throws {
        if let seed {
            let report = Simulation(seed: seed, control: control).run { print($0) }
            print(report.summary)
            if report.violation != nil { throw ExitCode.failure }
            return
        }
        let clock = ContinuousClock()
        let start = clock.now
        let sweep = Sweep(seeds: seeds, control: control, threads: jobs, stopsAtFailure: !all)
        let result = sweep.run { report in print(report.summary) }
        let seconds = (clock.now - start) / .seconds(1)
        print(
            """
            \(result.runs) seeds, \(result.failures) failed, \(result.events) events, \(result.jobs) jobs in \
            \(Int(seconds.rounded())) s: \(Int((Double(result.jobs) / seconds).rounded())) jobs a second, hash \(result.hash)
            """)
        if result.failures > 0 { throw ExitCode.failure }
    }

    private static func range(_ text: String) throws -> ClosedRange<UInt64> {
        let ends = text.split(separator: ".", omittingEmptySubsequences: true).compactMap { UInt64($0) }
        guard ends.count == 2, ends[0] <= ends[1] else { throw ValidationError("a range is FROM..TO, as in 1..10000") }
        return ends[0]...ends[1]
    }
}

extension Simulation.Report {
    var summary: String {
        guard let violation else { return "seed \(seed): every invariant held; \(events) events, hash \(hash)" }
        let arguments = "--seed \(seed)" + (control.map { " --control \($0.rawValue)" } ?? "")
        return "seed \(seed): \(violation)\n  again, with its trace: make simulate ARGS=\"\(arguments)\""
    }
}
