import ArgumentParser
import Foundation

/// `loadtest diff A B`: two stored runs side by side.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compares two stored runs.",
        discussion: "Ends with 1 when B broke a promise that A kept.")

    @Argument(help: "History of the first run.")
    var first: String

    @Argument(help: "History of the second run.")
    var second: String

    func run() throws {
        let reports: (RunReport, RunReport)
        do {
            reports = (RunReport(try RunRecord(file: first)), RunReport(try RunRecord(file: second)))
        } catch let error as LoadTestError {
            throw error.reported()
        }
        print(RunComparison(reports.0, reports.1).text)
        let broken = RunComparison.newViolations(reports.0, reports.1)
        for violation in broken { print("B broke \(violation)") }
        if !broken.isEmpty { throw ExitCode(Verdict.brokenPromise.rawValue) }
    }
}
