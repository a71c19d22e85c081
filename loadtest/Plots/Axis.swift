import Foundation

/// Where values stand on an axis, and which of them are written on it.
struct Axis: Equatable, Sendable {
    enum Scale: Equatable, Sendable {
        case linear
        case logarithmic
        /// Percentiles: each further nine takes as much room as the one before, as on HdrHistogram's own plots.
        case nines
    }

    struct Tick: Equatable, Sendable {
        let value: Double
        let label: String
    }

    let scale: Scale
    let lowest: Double
    let highest: Double
    let ticks: [Tick]

    /// From 0, or from what is below, to at least `highest`, with about `count` round marks.
    static func linear(from lowest: Double = 0, to highest: Double, count: Int = 5) -> Axis {
        let bottom = lowest.isFinite ? min(0, lowest) : 0
        let top = highest > 0 && highest.isFinite ? highest : 1
        let step = Self.roundStep((top - bottom) / Double(count))
        let first = Int((bottom / step + 1e-9).rounded(.down))
        let last = max(1, Int((top / step - 1e-9).rounded(.up)))
        let ticks = (first...last).map { number in
            let value = Double(number) * step
            return Tick(value: value, label: Self.label(value))
        }
        return Axis(scale: .linear, lowest: Double(first) * step, highest: Double(last) * step, ticks: ticks)
    }

    /// From 0 to exactly `highest`, for time.
    static func time(to highest: Double) -> Axis {
        let end = highest > 0 && highest.isFinite ? highest : 1
        let step = Self.roundStep(end / 6)
        let ticks = stride(from: 0.0, through: end * 1.0001, by: step).map {
            Tick(value: $0, label: Self.label($0) + " s")
        }
        return Axis(scale: .linear, lowest: 0, highest: end, ticks: ticks)
    }

    /// Powers of ten around the values; those that are not positive stand at the bottom.
    static func logarithmic(_ values: some Sequence<Double>) -> Axis {
        let positive = values.filter { $0 > 0 && $0.isFinite }
        let low = floor(log10(positive.min() ?? 1))
        let high = max(low + 1, ceil(log10(positive.max() ?? 10)))
        let ticks = stride(from: low, through: high, by: 1).map {
            Tick(value: pow(10, $0), label: Self.label(pow(10, $0)))
        }
        return Axis(scale: .logarithmic, lowest: pow(10, low), highest: pow(10, high), ticks: ticks)
    }

    /// From 0 to the last percentile that `count` values can tell apart.
    static func nines(count: Int) -> Axis {
        let all: [(value: Double, label: String)] = [
            (0, "0 %"), (50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"),
            (99.999, "99.999 %"),
        ]
        let reach = 100 - 100 / Double(max(20, count))
        let shown = all.filter { $0.value <= reach }
        let last = max(reach, shown.last?.value ?? 90)
        return Axis(
            scale: .nines, lowest: 0, highest: last, ticks: shown.map { Tick(value: $0.value, label: $0.label) })
    }

    /// 0 at the begin of the axis, 1 at its end; what is beyond is put at the end.
    func position(_ value: Double) -> Double {
        let position =
            switch scale {
            case .linear: (value - lowest) / (highest - lowest)
            case .logarithmic:
                value <= 0 ? 0 : (log10(value) - log10(lowest)) / (log10(highest) - log10(lowest))
            case .nines: Self.nine(value) / Self.nine(highest)
            }
        return min(1, max(0, position))
    }

    /// Nines of a percentile: 1 for 90, 2 for 99.
    private static func nine(_ percentile: Double) -> Double {
        -log10(max(1e-9, 1 - min(percentile, 100) / 100))
    }

    /// 1, 2 or 5 times a power of ten, the first that is not below `value`.
    private static func roundStep(_ value: Double) -> Double {
        let power = pow(10, floor(log10(value)))
        return ([1, 2, 5, 10].first { $0 * power >= value * 0.999_999 } ?? 10) * power
    }

    static func label(_ value: Double) -> String {
        switch abs(value) {
        case 1_000_000...: String(format: "%g M", value / 1_000_000)
        case 10_000...: String(format: "%g k", value / 1_000)
        default: String(format: "%g", value)
        }
    }
}
