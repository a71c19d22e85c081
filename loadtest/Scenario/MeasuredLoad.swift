import Foundation

/// What was offered in the measured wave and what offering it cost.
struct MeasuredLoad: Sendable {
    let startedAt: Date
    let plans: [PurchasePlan]
    /// From the first intended send to the last settled purchase.
    let seconds: Double
    let cpuSeconds: Double
    let record: LoadRecord
}
