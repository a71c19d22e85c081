import Foundation
import Histogram

/// The live view as text: samples go in, lines come out.
struct LiveView: Sendable {
    /// Seconds that the sparkline reaches back.
    private static let history = 60
    private static let bars = Array("▁▂▃▄▅▆▇█")

    let visits: Int
    let plannedSeconds: Double
    let width: Int

    private var last = LiveSample()
    private var lastSeconds = 0.0
    private var rates: [Double] = []

    init(visits: Int, plannedSeconds: Double, width: Int = 80) {
        self.visits = visits
        self.plannedSeconds = plannedSeconds
        self.width = max(40, width)
    }

    /// One line that says everything, for logs.
    static func line(_ sample: LiveSample, seconds: Double) -> String {
        String(
            format: "%5.1f s  sent %d  accepted %d  refused %d  confirmed %d  cancelled %d  in flight %d  late %d",
            seconds, sample.sent, sample.accepted, sample.refused, sample.confirmed, sample.cancelled,
            sample.backlog, sample.late)
    }

    /// The view of a terminal; rates and latencies are of the time since the last sample.
    mutating func lines(_ sample: LiveSample, seconds: Double) -> [String] {
        let span = max(0.001, seconds - lastSeconds)
        func rate(_ value: (LiveSample) -> Int) -> String {
            String(format: "%6.0f/s", Double(value(sample) - value(last)) / span)
        }
        let served = { (sample: LiveSample) in sample.accepted + sample.served }
        rates.append(Double(served(sample) - served(last)) / span)
        let recent = Self.difference(sample.answers, last.answers)
        let lines = [
            progress(sample, seconds),
            "  sent \(rate(\.sent))   accepted \(rate(\.accepted))   confirmed \(rate(\.confirmed))   "
                + "refused \(rate(\.refused))" + (sample.served > 0 ? "   served \(rate(\.served))" : ""),
            "  latency " + LatencySummary(recent).description,
            "  backlog \(sample.backlog) in flight, \(sample.heldBack) held back, \(sample.late) late",
            "  served  " + sparkline,
        ]
        last = sample
        lastSeconds = seconds
        return lines.map { String($0.prefix(width)) }
    }

    private func progress(_ sample: LiveSample, _ seconds: Double) -> String {
        let share = min(1, Double(sample.sent) / Double(max(1, visits)))
        let length = max(10, min(40, width - 40))
        let filled = Int((share * Double(length)).rounded(.down))
        return String(format: "%6.1f s ", seconds) + String(repeating: "█", count: filled)
            + String(repeating: "░", count: length - filled)
            + String(format: " %3.0f %%  %d of %d visits", share * 100, sample.sent, visits)
    }

    private var sparkline: String {
        let shown = rates.suffix(min(Self.history, width - 24))
        let top = shown.max() ?? 0
        guard top > 0 else { return "" }
        let bars = shown.map { Self.bars[Int(($0 / top * Double(Self.bars.count - 1)).rounded())] }
        return String(bars) + String(format: "  at most %.0f/s", top)
    }

    /// What came to a histogram since `before`.
    static func difference(_ now: Histogram<UInt64>, _ before: Histogram<UInt64>) -> Histogram<UInt64> {
        var difference = LatencyPair().corrected
        for value in now.recordedValues() {
            let old = before.countForValue(value.value)
            if value.count > old { difference.record(value.value, count: value.count - old) }
        }
        return difference
    }
}
