/// The plots of a report.
struct ReportPlots: Sendable {
    let rates: Plot
    let latency: Plot
    let percentiles: Plot
    let stock: Plot
    let refusals: Plot
    let fairness: Plot

    private let report: RunReport

    init(_ report: RunReport) {
        self.report = report
        let timeline = report.timeline
        self.rates = Self.rates(timeline)
        self.latency = Self.latency(timeline)
        self.percentiles = Self.percentiles(report)
        self.stock = Self.stock(timeline, tickets: report.load.tickets)
        self.refusals = Self.refusals(timeline)
        self.fairness = Self.fairness(report.fairness)
    }

    /// Those that show something, in reading order.
    var all: [Plot] {
        let sells = report.load.purchases > 0
        let refuses = !(report.refusedByCode.isEmpty && report.retriedByCode.isEmpty)
        return [rates, latency, percentiles] + (sells ? [stock] : []) + (refuses ? [refusals] : [])
            + (sells ? [fairness] : [])
    }

    private static func end(_ timeline: Timeline) -> Double {
        (timeline.slices.last?.second ?? 0) + timeline.width
    }

    private static func rates(_ timeline: Timeline) -> Plot {
        func line(_ name: String, _ colour: Int, dashed: Bool = false, _ count: (Timeline.Slice) -> Int) -> Plot.Line {
            Plot.Line(
                name: name, colour: colour,
                points: timeline.slices.map { ($0.second + timeline.width / 2, Double(count($0)) / timeline.width) },
                isDashed: dashed)
        }
        let lines = [
            line("intended", 6, dashed: true, \.intended), line("sent", 1, \.sent), line("accepted", 3, \.accepted),
            line("confirmed", 4, \.confirmed), line("refused", 2) { $0.refusedByCode.values.reduce(0, +) },
            line("served", 5, \.served),
        ].filter { line in line.points.contains { $0.y ?? 0 > 0 } }
        let top = lines.flatMap { $0.points.compactMap(\.y) }.max() ?? 1
        return Plot(
            title: "Rates",
            note: "Visits and answers in a second. Where sent leaves intended, the generator was late.",
            x: .time(to: end(timeline)), y: .linear(to: top), lines: lines, yLabel: "per second")
    }

    private static func latency(_ timeline: Timeline) -> Plot {
        func line(
            _ name: String, _ colour: Int, dashed: Bool = false, _ value: (Timeline.Slice) -> Double?
        ) -> Plot.Line {
            Plot.Line(
                name: name, colour: colour,
                points: timeline.slices.map { ($0.second + timeline.width / 2, value($0)) }, isDashed: dashed)
        }
        let lines = [
            line("median", 3, \.p50Ms), line("99 %", 1, \.p99Ms), line("maximum", 2, \.maxMs),
            line("99 %, uncorrected", 6, dashed: true, \.uncorrectedP99Ms),
        ]
        return Plot(
            title: "Latency over time",
            note: "From when a request should have been sent to its definite answer, by when that was. "
                + "Uncorrected: from when it was really sent.",
            x: .time(to: end(timeline)), y: .logarithmic(lines.flatMap { $0.points.compactMap(\.y) }), lines: lines,
            yLabel: "ms")
    }

    private static func percentiles(_ report: RunReport) -> Plot {
        var lines: [Plot.Line] = []
        var count = 0
        var colour = 1
        for series in LatencySeries.allCases where series != .settle {
            guard let summary = report.latencies[series.rawValue] else { continue }
            count = max(count, summary.corrected.count)
            lines.append(line(series.rawValue, colour, summary.correctedPercentiles))
            lines.append(line(series.rawValue + ", uncorrected", colour, dashed: true, summary.uncorrectedPercentiles))
            colour += 1
        }
        return Plot(
            title: "Latency by percentile",
            note: "How many answers took longer than so much. A solid line far above its dashed one: requests waited "
                + "that other tools would not have sent.",
            x: .nines(count: count), y: .logarithmic(lines.flatMap { $0.points.compactMap(\.y) }), lines: lines,
            yLabel: "ms")
    }

    private static func line(
        _ name: String, _ colour: Int, dashed: Bool = false, _ points: [SeriesSummary.Point]
    ) -> Plot.Line {
        Plot.Line(name: name, colour: colour, points: points.map { ($0.percentile, $0.ms) }, isDashed: dashed)
    }

    private static func stock(_ timeline: Timeline, tickets: Int) -> Plot {
        let places = timeline.slices.map { $0.second + timeline.width }
        let stock = Plot.Line(
            name: "tickets promised to nobody", colour: 1,
            points: [(0, Double(tickets))] + zip(places, timeline.slices).map { ($0, $1.stock.map(Double.init)) })
        let backlog = Plot.Line(
            name: "orders accepted and not final", colour: 2,
            points: zip(places, timeline.slices).map { ($0, Double($1.backlog)) })
        let values = (stock.points + backlog.points).compactMap(\.y)
        return Plot(
            title: "Stock and backlog", note: "Stock below zero would be an oversell.", x: .time(to: end(timeline)),
            y: .linear(from: values.min() ?? 0, to: values.max() ?? 1), lines: [stock, backlog])
    }

    private static func refusals(_ timeline: Timeline) -> Plot {
        let codes = Set(timeline.slices.flatMap(\.refusedByCode.keys)).sorted()
        // Refused is the second colour in every plot.
        let colours = [2, 1, 4, 5, 3]
        var stacks = codes.enumerated().map { place, code in
            Plot.Stack(
                name: code, colour: colours[place % colours.count],
                values: timeline.slices.map { Double($0.refusedByCode[code] ?? 0) / timeline.width })
        }
        if timeline.slices.contains(where: { $0.later > 0 }) {
            stacks.append(
                Plot.Stack(
                    name: "told to wait", colour: 6, values: timeline.slices.map { Double($0.later) / timeline.width }))
        }
        let sums = timeline.slices.map { slice in
            Double(slice.refusedByCode.values.reduce(0, +) + slice.later) / timeline.width
        }
        return Plot(
            title: "Refusals", note: "Refusals in a second, by code.", x: .time(to: end(timeline)),
            y: .linear(to: sums.max() ?? 1), stacks: stacks, yLabel: "per second")
    }

    private static func fairness(_ fairness: Fairness) -> Plot {
        func stack(_ name: String, _ colour: Int, _ count: (Fairness.Group) -> Int) -> Plot.Stack {
            Plot.Stack(
                name: name, colour: colour,
                values: fairness.groups.map { Double(count($0)) / Double(max(1, $0.count)) * 100 })
        }
        let stacks = [
            stack("confirmed", 3, \.confirmed), stack("cancelled", 4, \.cancelled), stack("refused", 2, \.refused),
            stack("no answer", 6, \.other),
        ].filter { $0.values.contains { $0 > 0 } }
        let last = fairness.groups.reduce(0) { $0 + $1.count }
        return Plot(
            title: "Fairness",
            note: "What became of buyers, by their rank of arrival. First come, first served is green "
                + "on the left, the colour of refusals on the right, and a narrow seam where tickets ran out.",
            x: .linear(to: Double(max(1, last)), count: 6).ending(at: Double(max(1, last))), y: .linear(to: 100),
            stacks: stacks, xLabel: "rank of arrival", yLabel: "%")
    }
}

extension Axis {
    /// The same, cut off at a value.
    func ending(at value: Double) -> Axis {
        Axis(scale: scale, lowest: lowest, highest: value, ticks: ticks.filter { $0.value <= value })
    }
}
