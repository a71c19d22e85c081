import CoreMetrics
import Synchronization

/// How often values fell into each of a fixed set of ranges, and their sum. Two relaxed atomic additions a record.
///
/// The total count is the sum of the buckets, taken at each scrape, so that `_count` and the `+Inf` bucket always agree.
final class HistogramSeries: Series, RecorderHandler, TimerHandler {
    /// One counter for each bound and one for what lies above. Never grows, so the pointer is valid until `deinit`.
    private let buckets: Buckets
    private let sum = AtomicDouble(0)
    /// What a recorded value is multiplied by: 1 for recorders, 1e-9 for timers, which record nanoseconds.
    private let scale: Double

    /// - Parameters:
    ///   - bounds: Inclusive upper bounds, in the exported unit.
    ///   - scale: From the recorded to the exported unit.
    init(bounds: [Double], scale: Double = 1) {
        buckets = Buckets(bounds: bounds)
        self.scale = scale
    }

    func record(_ value: Int64) { record(Double(value)) }

    /// Undefined values are dropped: they belong into no bucket.
    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let value = value * scale
        buckets.count(value)
        sum.add(value)
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }

    func write(name: String, labels: String, to text: inout PrometheusText) {
        let separator = labels.isEmpty ? "" : ","
        var count: UInt64 = 0
        for (bound, bucketCount) in buckets.snapshot() {
            count += bucketCount
            let bucketLabels = "\(labels)\(separator)le=\"\(PrometheusText.number(bound))\""
            text.sample(name + "_bucket", labels: bucketLabels, value: Double(count))
        }
        text.sample(name + "_sum", labels: labels, value: sum.value)
        text.sample(name + "_count", labels: labels, value: Double(count))
    }
}

/// The buckets' bounds and counters in memory that never moves.
///
/// `@unchecked Sendable`: bounds are written only in `init`, counters are atomics.
private final class Buckets: @unchecked Sendable {
    private let bounds: UnsafeMutablePointer<Double>
    private let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let boundCount: Int

    init(bounds: [Double]) {
        // Ascending and finite, each once: the last bucket is +Inf anyway.
        let bounds = Set(bounds.filter(\.isFinite)).sorted()
        boundCount = bounds.count
        self.bounds = .allocate(capacity: bounds.count)
        self.bounds.initialize(from: bounds, count: bounds.count)
        counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: boundCount + 1)
        counts.deallocate()
        bounds.deallocate()
    }

    /// From below, one bound after the other: most values are small, and a few compares cost less than a search.
    func count(_ value: Double) {
        var index = 0
        while index < boundCount, value > bounds[index] { index += 1 }
        counts[index].wrappingAdd(1, ordering: .relaxed)
    }

    /// Each upper bound with the number of values in its own bucket; the last bound is infinite.
    func snapshot() -> [(bound: Double, count: UInt64)] {
        (0...boundCount).map { index in
            (index < boundCount ? bounds[index] : .infinity, counts[index].load(ordering: .relaxed))
        }
    }
}
