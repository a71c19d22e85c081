import CoreMetrics
import Synchronization

/// A count that only rises. One relaxed atomic addition for each increment.
final class CounterSeries: Series, CounterHandler {
    private let count = Atomic<Int64>(0)

    /// Negative amounts are dropped: a counter that falls reads as a restart.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    func write(name: String, labels: String, to text: inout PrometheusText) {
        text.sample(name, labels: labels, value: Double(count.load(ordering: .relaxed)))
    }
}

/// A sum of fractions that only rises.
final class FloatingPointCounterSeries: Series, FloatingPointCounterHandler {
    private let sum = AtomicDouble(0)

    /// Negative, infinite and undefined amounts are dropped.
    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        sum.add(amount)
    }

    func reset() {
        sum.set(0)
    }

    func write(name: String, labels: String, to text: inout PrometheusText) {
        text.sample(name, labels: labels, value: sum.value)
    }
}
