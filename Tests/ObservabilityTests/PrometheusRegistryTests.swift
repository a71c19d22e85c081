import CoreMetrics
import Synchronization
import Testing

@testable import Observability

@Suite struct PrometheusRegistryTests {
    private func registry(_ change: (inout PrometheusConfiguration) -> Void = { _ in }) -> PrometheusRegistry {
        var configuration = PrometheusConfiguration()
        change(&configuration)
        return PrometheusRegistry(configuration: configuration)
    }

    private func text(_ registry: PrometheusRegistry) -> String {
        String(decoding: registry.render(), as: UTF8.self)
    }

    @Test func theTextIsExactlyTheFormatsText() {
        let registry = registry {
            $0.timerBounds = [0.001, 0.1, 1]
            $0.recorderBounds = [10, 100]
        }
        registry.describe("purchase.accepted", "Purchases\nanswered with 202, \\ once each.")
        Counter(label: "purchase.accepted", dimensions: [("route", "/b"), ("code", "ok")], factory: registry)
            .increment(by: 3)
        Counter(label: "purchase.accepted", dimensions: [("code", "a\"b\\c\nd")], factory: registry).increment()
        Gauge(label: "backlog", factory: registry).record(2.5)
        let timer = CoreMetrics.Timer(label: "request.duration", factory: registry)
        for nanoseconds in [500_000, 1_000_000, 1_000_001, 2_000_000_000] { timer.recordNanoseconds(nanoseconds) }
        Recorder(label: "batch.size", dimensions: [("le", "x")], factory: registry).record(1000)
        Meter(label: "2xx", factory: registry).increment(by: 4.0)

        #expect(
            text(registry) == """
                # HELP _2xx 2xx
                # TYPE _2xx gauge
                _2xx 4
                # HELP backlog backlog
                # TYPE backlog gauge
                backlog 2.5
                # HELP batch_size batch.size
                # TYPE batch_size histogram
                batch_size_bucket{label_le="x",le="10"} 0
                batch_size_bucket{label_le="x",le="100"} 0
                batch_size_bucket{label_le="x",le="+Inf"} 1
                batch_size_sum{label_le="x"} 1000
                batch_size_count{label_le="x"} 1
                # HELP onsale_metrics_series_refused_total Series not kept: too many, or a name that has another type.
                # TYPE onsale_metrics_series_refused_total counter
                onsale_metrics_series_refused_total 0
                # HELP purchase_accepted_total Purchases\\nanswered with 202, \\\\ once each.
                # TYPE purchase_accepted_total counter
                purchase_accepted_total{code="a\\"b\\\\c\\nd"} 1
                purchase_accepted_total{code="ok",route="/b"} 3
                # HELP request_duration_seconds request.duration
                # TYPE request_duration_seconds histogram
                request_duration_seconds_bucket{le="0.001"} 2
                request_duration_seconds_bucket{le="0.1"} 3
                request_duration_seconds_bucket{le="1"} 3
                request_duration_seconds_bucket{le="+Inf"} 4
                request_duration_seconds_sum 2.002500001
                request_duration_seconds_count 4

                """)
    }

    @Test func everythingARegistryRendersPassesTheStrictParser() throws {
        let registry = registry()
        let hostile = ["", "\"", "\\", "\n", "\\n\"}", "ü🎫", "a,b=\"c\"", "{}"]
        for value in hostile {
            Counter(label: "hostile \(value)", dimensions: [(value, value), ("x", value)], factory: registry)
                .increment()
            CoreMetrics.Timer(label: "hostile.timer", dimensions: [("v", value)], factory: registry)
                .recordSeconds(1)
            registry.describe("hostile \(value)", value + " ")
        }
        Gauge(label: "infinite", factory: registry).record(Double.infinity)
        Gauge(label: "undefined", factory: registry).record(Double.nan)
        Gauge(label: "large", factory: registry).record(1e300)
        Gauge(label: "small", factory: registry).record(-0.000_000_1)
        FloatingPointCounter(label: "fraction", factory: registry).increment(by: 0.25)

        let families = try ExpositionParser.parse(registry.render())
        #expect(families["hostile_timer_seconds"]?.samples["hostile_timer_seconds_count{v=\"ü🎫\"}"] == 1)
        #expect(families["infinite"]?.samples["infinite"] == .infinity)
        #expect(families["undefined"]?.samples["undefined"]?.isNaN == true)
        #expect(families["large"]?.samples["large"] == 1e300)
        #expect(families["small"]?.samples["small"] == -1e-7)
        #expect(families["fraction_total"]?.samples["fraction_total"] == 0.25)
    }

    @Test(arguments: [
        "a 1", "# HELP a x\n# TYPE a counter\na 1", "# HELP a x\n# TYPE a counter\nb 1\n",
        "# HELP a x\n# TYPE a counter\na{x=\"\"\"} 1\n", "# HELP a x\n# TYPE a counter\na 1\na 1\n",
        "# HELP a x\n# TYPE a counter\na{x=\"1\"y=\"2\"} 1\n", "# HELP a x\n# TYPE a odd\na 1\n",
    ])
    func theParserItselfRefusesWrongText(text: String) {
        #expect(throws: ExpositionParser.Failure.self) { try ExpositionParser.parse(Array(text.utf8)) }
    }

    @Test func bucketsAreCumulativeAndTheLastOneIsTheCount() throws {
        let registry = registry { $0.boundsByLabel["sizes"] = [5, 1, .infinity, 5, 3] }
        let recorder = Recorder(label: "sizes", factory: registry)
        for value in [0.5, 1, 1.5, 3, 4, 5, 6, -1, .infinity, .nan] { recorder.record(value) }
        let family = try #require(try ExpositionParser.parse(registry.render())["sizes"])
        #expect(
            family.order == [
                "sizes_bucket{le=\"1\"}", "sizes_bucket{le=\"3\"}", "sizes_bucket{le=\"5\"}",
                "sizes_bucket{le=\"+Inf\"}", "sizes_sum", "sizes_count",
            ])
        #expect(family.order.compactMap { family.samples[$0] } == [3, 5, 7, 9, .infinity, 9])
    }

    @Test func countersNeverFallAndNamesEndInTotalOnce() throws {
        let registry = registry()
        let counter = Counter(label: "x.total", factory: registry)
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(try ExpositionParser.parse(registry.render())["x_total"]?.samples == ["x_total": 5])
    }

    @Test func theSameNameAndLabelsAreOneSeriesInAnyOrderOfLabels() throws {
        let registry = registry()
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(try ExpositionParser.parse(registry.render())["c_total"]?.samples == ["c_total{a=\"1\",b=\"2\"}": 2])
    }

    @Test func pullGaugesAreReadAtEachScrape() throws {
        let registry = registry()
        let depth = Atomic(7)
        registry.gauge("pool.waiting", "Tasks that wait.", dimensions: [("pool", "main")]) {
            Double(depth.load(ordering: .relaxed))
        }
        registry.counter("cache.hits", "Found.") { 12 }
        #expect(text(registry).contains("pool_waiting{pool=\"main\"} 7\n"))
        depth.store(8, ordering: .relaxed)
        #expect(text(registry).contains("# HELP pool_waiting Tasks that wait.\n"))
        #expect(text(registry).contains("pool_waiting{pool=\"main\"} 8\n"))
        #expect(text(registry).contains("# TYPE cache_hits_total counter\ncache_hits_total 12\n"))
    }

    @Test func aPullGaugeMayUseTheRegistryItself() {
        let registry = registry()
        registry.gauge("self", "Makes a counter while it is read.") { [weak registry] in
            registry.map { Counter(label: "made", factory: $0).increment() }
            return 1
        }
        #expect(text(registry).contains("\nself 1\n"))
        #expect(text(registry).contains("made_total 2\n") == false)  // the second reading shows the first one's
    }

    @Test func seriesBeyondTheLimitAreDroppedAndCounted() throws {
        let registry = registry { $0.maximumSeries = 4 }  // one of them is the registry's own
        for user in 0..<10 {
            Counter(label: "by.user", dimensions: [("user", "\(user)")], factory: registry).increment()
        }
        let families = try ExpositionParser.parse(registry.render())
        #expect(families["by_user_total"]?.samples.count == 3)
        #expect(families["onsale_metrics_series_refused_total"]?.samples == ["onsale_metrics_series_refused_total": 7])
        // One that is known already is no new series.
        Counter(label: "by.user", dimensions: [("user", "0")], factory: registry).increment()
        #expect(text(registry).contains("by_user_total{user=\"0\"} 2\n"))
    }

    @Test func aNameThatHasAnotherTypeIsRefusedAndCounted() throws {
        let registry = registry()
        Gauge(label: "thing", factory: registry).record(1)
        Recorder(label: "thing", factory: registry).record(5)
        FloatingPointCounter(label: "thing", factory: registry).increment(by: 1)
        Counter(label: "thing", factory: registry).increment()  // the same kind, kept in another way
        let families = try ExpositionParser.parse(registry.render())
        #expect(families["thing"]?.type == "gauge")
        #expect(families["thing_total"]?.samples == ["thing_total": 1])
        #expect(families["onsale_metrics_series_refused_total"]?.samples == ["onsale_metrics_series_refused_total": 2])
    }

    @Test func aDestroyedSeriesIsGoneAndMakesRoom() {
        let registry = registry { $0.maximumSeries = 2 }
        let counter = Counter(label: "short.lived", factory: registry)
        counter.destroy()
        #expect(text(registry).contains("short_lived") == false)
        Gauge(label: "next", factory: registry).record(3)
        #expect(text(registry).contains("next 3\n"))
    }

    @Test func concurrentUpdatesAreAllCounted() async throws {
        let registry = registry()
        let perTask = 20_000
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = Counter(label: "hits", factory: registry)
                    let fractions = FloatingPointCounter(label: "fractions", factory: registry)
                    let meter = Meter(label: "level", factory: registry)
                    let timer = CoreMetrics.Timer(label: "time", factory: registry)
                    for index in 0..<perTask {
                        counter.increment()
                        fractions.increment(by: 0.5)
                        meter.increment(by: 2.0)
                        meter.decrement(by: 1.0)
                        timer.recordNanoseconds(index % 2 == 0 ? 1_000_000_000 : 2_000_000_000)
                    }
                }
            }
            group.addTask {
                for _ in 0..<50 { _ = registry.render() }
            }
        }
        let families = try ExpositionParser.parse(registry.render())
        let total = Double(8 * perTask)
        #expect(families["hits_total"]?.samples["hits_total"] == total)
        #expect(families["fractions_total"]?.samples["fractions_total"] == total / 2)
        #expect(families["level"]?.samples["level"] == total)
        #expect(families["time_seconds"]?.samples["time_seconds_count"] == total)
        #expect(families["time_seconds"]?.samples["time_seconds_bucket{le=\"1\"}"] == total / 2)
        #expect(abs((families["time_seconds"]?.samples["time_seconds_sum"] ?? 0) - total * 1.5) < 0.01)
    }
}
