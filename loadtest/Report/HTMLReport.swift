import Foundation

/// A report as one HTML file that needs nothing else: no network, no other file.
struct HTMLReport: Sendable {
    let text: String

    init(_ report: RunReport) {
        let plots = ReportPlots(report)
        self.text = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>\(XMLText.escaped(report.name)): load test</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            \(Self.header(report))
            \(Self.verdict(report))
            \(Self.figures(report))
            <div class="plots">
            \(plots.all.map(Self.section).joined(separator: "\n"))
            </div>
            <div class="tables">
            \(Self.tables(report))
            </div>
            </main>
            <script>\(Self.script)</script>
            </body>
            </html>

            """
    }

    /// Dark or light as the system is, until the button says otherwise.
    private static let style =
        ":root{color-scheme:light;\(PlotColours.variables(isDark: false))}"
        + "@media(prefers-color-scheme:dark){"
        + ":root:not(.light){color-scheme:dark;\(PlotColours.variables(isDark: true))}}"
        + ":root.dark{color-scheme:dark;\(PlotColours.variables(isDark: true))}"
        + PlotColours.rules + String(decoding: PackageResources.report_css, as: UTF8.self)

    private static let script = """
        document.querySelector("button").onclick=()=>{const c=document.documentElement.classList;\
        const d=c.contains("dark")||(!c.contains("light")&&matchMedia("(prefers-color-scheme:dark)").matches);\
        c.remove("dark","light");c.add(d?"light":"dark")}
        """

    private static func header(_ report: RunReport) -> String {
        let time = Date(timeIntervalSince1970: report.startedAt).formatted(.iso8601)
        return """
            <header><h1>\(XMLText.escaped(report.name))</h1>
            <p>\(XMLText.escaped("\(report.target) at \(report.addresses.joined(separator: ", ")), \(time)"))</p>
            <button type="button">dark / light</button></header>
            """
    }

    private static func verdict(_ report: RunReport) -> String {
        var lines: [String] = []
        for reason in report.invalidBecause { lines.append("<li>\(XMLText.escaped(reason))</li>") }
        for result in report.thresholds where !result.holds {
            lines.append(
                "<li>threshold <code>\(XMLText.escaped(result.threshold))</code> missed: "
                    + "\(result.measuredText)</li>")
        }
        for violation in report.violations {
            lines.append("<li><pre>\(XMLText.escaped(violation.description))</pre></li>")
        }
        let title =
            switch report.verdict {
            case .good where report.audit.judged.isEmpty || report.load.tickets == 0: "Everything holds."
            case .good:
                "Every promise that can be judged was kept: \(report.audit.judged.joined(separator: ", "))."
            case .brokenPromise: "A promise was broken."
            case .invalid:
                "This run is invalid: the generator was the bottleneck, and the figures are its own, not the service's."
            case .missedThreshold: "A threshold was missed."
            case .failed: "The run failed."
            }
        let list = lines.isEmpty ? "" : "<ul>\(lines.joined())</ul>"
        let kind = report.verdict == .good ? "verdict" : "verdict bad"
        return "<div class=\"\(kind)\"><b>\(XMLText.escaped(title))</b>\(list)</div>"
    }

    private static func figures(_ report: RunReport) -> String {
        var figures: [(String, String)] = []
        if report.load.purchases > 0 {
            figures = [
                (number(report.acceptedPerSecond), "accepted a second"),
                (number(report.confirmedPerSecond), "confirmed a second"),
                (number(Double(report.ticketsSold)), "of \(number(Double(report.load.tickets))) tickets sold"),
                (report.secondsToSellOut.map { String(format: "%.1f s", $0) } ?? "never", "until sold out"),
                (milliseconds(report.acceptLatency.p99Ms), "99 % accepted within"),
                (milliseconds(report.settleLatency.p99Ms), "99 % final within, from the 202"),
            ]
        } else {
            for (series, summary) in report.latencies.sorted(by: { $0.key < $1.key }) {
                figures.append((milliseconds(summary.corrected.p99Ms), "99 % of \(series) within"))
            }
        }
        figures.insert(
            (number(Double(report.load.visits)), "visits at \(number(report.load.intendedRate)) a second"), at: 0)
        return "<div class=\"figures\">"
            + figures.map { "<div><b>\(XMLText.escaped($0.0))</b><span>\(XMLText.escaped($0.1))</span></div>" }.joined()
            + "</div>"
    }

    private static func section(_ plot: Plot) -> String {
        let legend = plot.legend.map { entry in
            let style =
                entry.isDashed
                ? "class=\"dashed\" style=\"color:var(--c\(entry.colour))\""
                : "style=\"background:var(--c\(entry.colour))\""
            return "<li><i \(style)></i>\(XMLText.escaped(entry.name))</li>"
        }
        return "<section><h2>\(XMLText.escaped(plot.title))</h2><p>\(XMLText.escaped(plot.note))</p>\(plot.svg)"
            + "<ul class=\"legend\">\(legend.joined())</ul></section>"
    }

    static func number(_ value: Double) -> String {
        value.rounded().formatted(.number.locale(Locale(identifier: "en_US")).grouping(.automatic))
    }

    static func milliseconds(_ value: Double) -> String {
        value < 10
            ? String(format: "%.1f ms", value)
            : value < 10_000
                ? String(format: "%.0f ms", value) : String(format: "%.1f s", value / 1000)
    }
}
