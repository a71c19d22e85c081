import Foundation

/// A threshold and what was measured.
struct ThresholdResult: Codable, Equatable, Sendable {
    let threshold: String
    /// nil when nothing was measured; then it does not hold.
    let measured: Double?
    let holds: Bool

    init(_ threshold: Threshold, measured: Double?) {
        self.threshold = threshold.description
        self.measured = measured?.rounded(toPlaces: 3)
        self.holds = measured.map { threshold.comparison.holds($0, threshold.bound) } ?? false
    }

    /// What was measured, as people read it.
    var measuredText: String {
        guard let measured else { return "nothing was measured" }
        return measured == measured.rounded() ? String(format: "%.0f", measured) : "\(measured)"
    }
}
