import ArgumentParser

/// Options that say where the result goes; the same for every command that has one.
struct ReportOptions: ParsableArguments {
    @Option(help: "File that the result is written to as JSON.")
    var json: String?

    @Option(help: "File that the report is written to: one HTML file with all plots.")
    var html: String?

    @Option(help: "File that the course of the run is written to as a table.")
    var csv: String?

    @Option(help: "File that the plot of rates is written to as SVG.")
    var svg: String?

    var files: ReportFiles { ReportFiles(json: json, html: html, csv: csv, svg: svg) }
}
