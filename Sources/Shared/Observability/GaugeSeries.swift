import CoreMetrics

/// The last value set: a swift-metrics `Gauge` (a recorder that does not aggregate) or `Meter`.
final class GaugeSeries: Series, RecorderHandler, MeterHandler {
    private let current = AtomicDouble(0)

    func record(_ value: Int64) { current.set(Double(value)) }
    func record(_ value: Double) { current.set(value) }
    func set(_ value: Int64) { current.set(Double(value)) }
    func set(_ value: Double) { current.set(value) }
    func increment(by amount: Double) { current.add(amount) }
    func decrement(by amount: Double) { current.add(-amount) }

    func write(name: String, labels: String, to text: inout PrometheusText) {
        text.sample(name, labels: labels, value: current.value)
    }
}
