import Foundation

/// Where a report is written to, besides standard output.
struct ReportFiles: Sendable {
    var json: String?
    var html: String?
    var csv: String?
    /// The plot of rates, for a README.
    var svg: String?

    func write(_ report: RunReport) throws {
        if let json { try report.write(to: json) }
        if let html { try write(HTMLReport(report).text, to: html) }
        if let csv { try write(TimelineCSV(report.timeline).text, to: csv) }
        if let svg { try write(ReportPlots(report).rates.standalone + "\n", to: svg) }
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }
}
