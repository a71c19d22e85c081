import CoreMetrics
import Synchronization

/// Counters by name and the value of their label, if they have one.
final class CountingMetrics: MetricsFactory {
    private final class Count: CounterHandler {
        let value = Atomic<Int64>(0)

        func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
        func reset() { value.store(0, ordering: .relaxed) }
    }

    private let counts = Mutex<[String: Count]>([:])

    subscript(name: String, label: String = "") -> Int64 {
        counts.withLock { $0[name + label]?.value.load(ordering: .relaxed) ?? 0 }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let count = Count()
        counts.withLock { $0[label + (dimensions.first?.1 ?? "")] = count }
        return count
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { NOOPMetricsHandler.instance }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}
