import CoreMetrics
import Synchronization

/// All metrics of this process, and their text for Prometheus.
///
/// A backend for swift-metrics, written here because no Prometheus package is among the packages this project can
/// resolve. Counters get the ending `_total`, timers become histograms in seconds with the ending `_seconds`,
/// aggregating recorders become histograms, other recorders and meters gauges. Updates take no lock; making a metric
/// and `render` do, so make handles once.
///
/// At most `maximumSeries` series are kept. A series beyond that, or one whose name already belongs to a metric of
/// another type, is not kept: what is recorded to it is dropped, and `onsale_metrics_series_refused_total` counts it.
package final class PrometheusRegistry: Sendable {
    enum Kind: String {
        case counter, gauge, histogram
    }

    private struct Family {
        let kind: Kind
        /// The swift-metrics label, under which `help` is kept.
        let label: String
        /// By rendered labels.
        var series: [String: any Series] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var help: [String: String] = [:]
        var seriesCount = 0
    }

    let configuration: PrometheusConfiguration
    private let state = Mutex(State())
    private let refused = CounterSeries()

    package init(configuration: PrometheusConfiguration = PrometheusConfiguration()) {
        self.configuration = configuration
        let refused = refused
        register("onsale_metrics_series_refused", .counter, suffix: "_total", dimensions: []) { refused }
        describe("onsale_metrics_series_refused", "Series not kept: too many, or a name that has another type.")
    }

    /// Says what a metric means, in its `# HELP` line, where `MetricHelp` does not. `label` is the swift-metrics label;
    /// the order of this call and of making the metric does not matter.
    package func describe(_ label: String, _ help: String) {
        state.withLock { $0.help[label] = help }
    }

    /// A gauge that is read at each scrape, for what somebody else keeps: connections of a pool, a backlog.
    ///
    /// - Parameter value: Called from `render` on any thread, with no lock held; it must not block.
    package func gauge(
        _ label: String, _ help: String, dimensions: [(String, String)] = [], value: @escaping @Sendable () -> Double
    ) {
        describe(label, help)
        register(label, .gauge, suffix: "", dimensions: dimensions) { PullSeries(value) }
    }

    /// A counter that is read at each scrape; otherwise as `gauge`.
    package func counter(
        _ label: String, _ help: String, dimensions: [(String, String)] = [], value: @escaping @Sendable () -> Double
    ) {
        describe(label, help)
        register(label, .counter, suffix: "_total", dimensions: dimensions) { PullSeries(value) }
    }

    /// The `Content-Type` of `render`'s text.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics as text, families and series in the order of their names.
    package func render() -> [UInt8] {
        let (families, help) = state.withLock { ($0.families, $0.help) }
        var text = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            let help = help[family.label] ?? MetricHelp.texts[name] ?? family.label
            text.family(name, help: help, type: family.kind.rawValue)
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name: name, labels: labels, to: &text)
            }
        }
        return text.bytes
    }

    /// The series of this name and these labels, made by `make` when there is none; nil when it is refused.
    @discardableResult
    func register<Kept: Series>(
        _ label: String, _ kind: Kind, suffix: String, dimensions: [(String, String)], make: () -> Kept
    ) -> Kept? {
        let name = MetricName.family(label, suffix: suffix)
        let labels = PrometheusText.labels(dimensions)
        let kept = state.withLock { state -> Kept? in
            var family = state.families[name] ?? Family(kind: kind, label: label)
            guard family.kind == kind else { return nil }
            if let series = family.series[labels] { return series as? Kept }
            guard state.seriesCount < configuration.maximumSeries else { return nil }
            let series = make()
            family.series[labels] = series
            state.families[name] = family
            state.seriesCount += 1
            return series
        }
        if kept == nil { refused.increment(by: 1) }
        return kept
    }

    /// Forgets a series; recording to a handle that is still around then changes nothing that is shown.
    func remove(_ handler: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                guard let labels = family.series.first(where: { $0.value === handler })?.key else { continue }
                state.families[name]?.series[labels] = nil
                if family.series.count == 1 { state.families[name] = nil }
                state.seriesCount -= 1
            }
        }
    }
}
