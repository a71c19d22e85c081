import ArgumentParser
import Foundation

/// `loadtest audit HISTORY`: judges a stored run again.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Judges a stored run again, and writes its report anew.",
        discussion: "The exit status is that of `loadtest run`.")

    @Argument(help: "History of a run.")
    var history: String

    @OptionGroup
    var report: ReportOptions

    func run() throws {
        let result: RunReport
        do {
            result = RunReport(try RunRecord(file: history))
        } catch let error as LoadTestError {
            throw error.reported()
        }
        print(result.text)
        try report.files.write(result)
        if result.verdict != .good { throw ExitCode(result.verdict.rawValue) }
    }
}
