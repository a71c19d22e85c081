import Foundation
import Histogram

/// A latency distribution in milliseconds, from a histogram in microseconds.
struct LatencySummary: Codable, Equatable, Sendable, CustomStringConvertible {
    let count: Int
    let meanMs: Double
    let p50Ms: Double
    let p95Ms: Double
    let p99Ms: Double
    let p999Ms: Double
    let maxMs: Double

    init(_ histogram: Histogram<UInt64>) {
        self.count = Int(histogram.totalCount)
        self.meanMs = histogram.totalCount == 0 ? 0 : (histogram.mean / 1000).rounded(toPlaces: 3)
        self.p50Ms = histogram.milliseconds(atPercentile: 50)
        self.p95Ms = histogram.milliseconds(atPercentile: 95)
        self.p99Ms = histogram.milliseconds(atPercentile: 99)
        self.p999Ms = histogram.milliseconds(atPercentile: 99.9)
        self.maxMs = histogram.totalCount == 0 ? 0 : Double(histogram.max) / 1000
    }

    var description: String {
        guard count > 0 else { return "none" }
        return [("p50", p50Ms), ("p95", p95Ms), ("p99", p99Ms), ("p99.9", p999Ms), ("max", maxMs)]
            .map { "\($0) \(String(format: "%.1f", $1))" }.joined(separator: "  ") + "  ms"
    }
}

extension Histogram<UInt64> {
    /// Milliseconds, of a histogram in microseconds; 0 of an empty one.
    func milliseconds(atPercentile percentile: Double) -> Double {
        totalCount == 0 ? 0 : Double(valueAtPercentile(percentile)) / 1000
    }
}

extension Double {
    /// Rounded to `places` decimals, for figures that people read.
    func rounded(toPlaces places: Int) -> Double {
        let factor = pow(10, Double(places))
        return (self * factor).rounded() / factor
    }
}
