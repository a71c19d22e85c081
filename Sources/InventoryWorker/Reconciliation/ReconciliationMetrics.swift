import CoreMetrics
import Metrics
import Reconciliation

/// What a lane's comparisons found and did. Labels are `partition` and closed sets, never ids.
struct ReconciliationMetrics: Sendable {
    private let drift: [DriftKind: Gauge]
    private let comparisons: [String: Counter]
    private let refusals: [String: Counter]
    private let repairs: [DriftKind: Counter]
    /// How long the oldest order is over its hold, seconds.
    private let oldestHold: Gauge

    /// Kinds that a lane finds; charges belong to no partition.
    private static let kinds = DriftKind.allCases.filter { $0 != .charges }
    private static let disabled = "disabled"

    init(partition: String) {
        func label(_ name: String, _ value: String) -> [(String, String)] {
            [("partition", partition), (name, value)]
        }
        drift = Dictionary(
            uniqueKeysWithValues: Self.kinds.map {
                ($0, Gauge(label: "onsale_drift", dimensions: label("kind", $0.rawValue)))
            })
        let outcomes = ["balanced", "suspected", "drift"] + StockComparison.Hindrance.allCases.map(\.rawValue)
        comparisons = Dictionary(
            uniqueKeysWithValues: outcomes.map {
                ($0, Counter(label: "onsale_comparisons_total", dimensions: label("outcome", $0)))
            })
        let reasons = DriftWatch.Refusal.allCases.map(\.rawValue) + [Self.disabled]
        refusals = Dictionary(
            uniqueKeysWithValues: reasons.map {
                ($0, Counter(label: "onsale_repairs_refused_total", dimensions: label("reason", $0)))
            })
        repairs = Dictionary(
            uniqueKeysWithValues: Self.kinds.map {
                ($0, Counter(label: "onsale_repairs_total", dimensions: label("kind", $0.rawValue)))
            })
        oldestHold = Gauge(label: "onsale_expired_hold_seconds", dimensions: [("partition", partition)])
    }

    func note(_ verdict: DriftWatch.Verdict) {
        let outcome =
            switch verdict {
            case .balanced: "balanced"
            case .hindered(let hindrance): hindrance.rawValue
            case .suspected: "suspected"
            case .refused, .reload: "drift"
            }
        comparisons[outcome]?.increment()
        if case .refused(_, let refusal) = verdict { refusals[refusal.rawValue]?.increment() }
    }

    /// Proven, and left alone because repairs are switched off.
    func noteDisabledRepair() { refusals[Self.disabled]?.increment() }

    func noteRepair(of kind: DriftKind, by count: Int = 1) { repairs[kind]?.increment(by: count) }

    func set(_ kind: DriftKind, to amount: Int) { drift[kind]?.record(amount) }

    func setOldestHold(_ age: Duration) { oldestHold.record(age / .seconds(1)) }

    /// Says nothing of a partition that another worker has.
    func reset() {
        for gauge in drift.values { gauge.record(0) }
        oldestHold.record(0)
    }
}
