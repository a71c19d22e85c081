import Foundation
import FoundationXML
import Testing
import Ticketing

@testable import LoadTest

@Suite("Reports")
struct ReportTests {
    static let report = RunReport(RunRecordTests.record())

    @Test("The JSON has what its schema says, and nothing else")
    func schema() throws {
        let schema = try #require(
            JSONSerialization.jsonObject(with: Data(PackageResources.report_schema_json)) as? [String: Any])
        let data = try JSONEncoder().encode(Self.report)
        #expect(SchemaCheck(schema).mistakes(in: try JSONSerialization.jsonObject(with: data)) == [])
        var other = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        other["surprise"] = 1
        other["accepted"] = "many"
        other["valid"] = nil
        #expect(SchemaCheck(schema).mistakes(in: other).count == 3)
    }

    @Test("The page is whole in itself, shows every plot, and says what was broken")
    func page() throws {
        var record = RunRecordTests.record()
        record.header.scenario.name = "<script>alert(1)</script>"
        record.snapshot?.available = 3
        let page = HTMLReport(RunReport(record)).text
        for plot in [
            "Rates", "Latency over time", "Latency by percentile", "Stock and backlog", "Refusals", "Fairness",
        ] {
            #expect(page.contains("<h2>\(plot)</h2>"), "\(plot)")
        }
        #expect(page.contains("A promise was broken") && page.contains("I13"))
        #expect(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"))
        // Nothing is fetched: the one address is the name of the language that drawings are in.
        let addresses = page.matches(of: /https?:\/\/[^"< ]*/).map { String($0.0) }
        #expect(Set(addresses) == ["http://www.w3.org/2000/svg"])
        #expect(!page.contains("src=") && !page.contains("@import") && !page.contains("url("))
    }

    @Test("Drawings are well-formed, alone and in the page")
    func drawings() throws {
        let plots = ReportPlots(Self.report).all
        #expect(plots.count == 6)
        for plot in plots {
            for text in [plot.svg, plot.standalone] {
                let parser = XMLParser(data: Data(text.utf8))
                #expect(parser.parse(), "\(plot.title): \(parser.parserError.map { "\($0)" } ?? "")")
                #expect(!text.contains("nan") && !text.contains("inf\""))
            }
        }
    }

    @Test("The course of a run as a table has a row for each slice and a column for each code")
    func table() {
        let text = TimelineCSV(Self.report.timeline).text
        let rows = text.split(separator: "\r\n")
        #expect(rows.count == Self.report.timeline.slices.count + 1)
        #expect(rows[0].hasSuffix(",refused_sold_out"))
        let columns = rows.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }
        #expect(Set(columns).count == 1)
    }

    @Test("The course of a run adds up to its totals")
    func timeline() {
        let slices = Self.report.timeline.slices
        #expect(slices.map(\.intended).reduce(0, +) == Self.report.load.visits)
        #expect(slices.map(\.accepted).reduce(0, +) == Self.report.accepted)
        #expect(slices.map(\.confirmed).reduce(0, +) == Self.report.confirmed)
        #expect(slices.compactMap { $0.refusedByCode["sold_out"] }.reduce(0, +) == 1)
        #expect(slices.last?.stock == 0 && slices.last?.backlog == 0)
    }

    @Test("Who came first and was refused, while a later one was served, is counted")
    func fairness() {
        func purchase(_ number: Int, _ state: Purchase.State) -> Purchase {
            var purchase = Purchase(Visit(number: number, buyer: 0, quantity: 1, intendedAt: Instant(number)))
            purchase.state = state
            return purchase
        }
        let fair = (0..<600).map { purchase($0, $0 < 200 ? .ended(.confirmed) : .refused("sold_out")) }
        #expect(Fairness(fair).overtaken == 0 && Fairness(fair).groups.count == 60)
        #expect(Fairness(fair).groups[0].confirmed == 10 && Fairness(fair).groups[59].refused == 10)
        let unfair = fair + [purchase(700, .ended(.confirmed))]
        #expect(Fairness(unfair).overtaken == 400)
        #expect(Fairness([]).groups.isEmpty)
    }

    @Test("A verdict: a broken promise outweighs an invalid run, and that one a missed threshold")
    func verdicts() {
        var report = Self.report
        #expect(report.verdict == .missedThreshold)
        report.valid = false
        #expect(report.verdict == .invalid)
        report.violations = [Violation("I1", "x")]
        #expect(report.verdict == .brokenPromise)
        #expect(Verdict.brokenPromise.rawValue == 1 && Verdict.invalid.rawValue == 2)
        #expect(Verdict.missedThreshold.rawValue == 3 && Verdict.failed.rawValue == 4)
    }

    @Test("Axes have round marks, and keep values in their order")
    func axes() {
        #expect(Axis.linear(to: 97).ticks.map(\.label) == ["0", "20", "40", "60", "80", "100"])
        #expect(Axis.linear(to: 0).highest > 0)
        let oversold = Axis.linear(from: -3, to: 97)
        #expect(oversold.ticks.map(\.label) == ["-20", "0", "20", "40", "60", "80", "100"])
        #expect(oversold.position(-3) < oversold.position(0))
        #expect(Axis.logarithmic([0.3, 250]).ticks.map(\.label) == ["0.1", "1", "10", "100", "1000"])
        let nines = Axis.nines(count: 50_000)
        #expect(nines.ticks.last?.label == "99.99 %")
        for axis in [Axis.linear(to: 97), .logarithmic([0.3, 250]), nines] {
            let places = [0, 0.2, 1, 50, 90, 99.9, 1e9].map { axis.position($0) }
            #expect(places == places.sorted() && places.allSatisfy { (0...1).contains($0) })
        }
        #expect(abs(nines.position(99) - 2 * nines.position(90)) < 1e-9)
    }
}
