import Foundation

/// What came of the measured wave, and what sending it cost.
struct MeasuredLoad: Sendable {
    let startedAt: Date
    /// The same instant on the clock of the history.
    let start: Instant
    /// From the first intended send to the last settled visit.
    let seconds: Double
    /// What the agents did; empty when this process sent the load.
    var chapter = HistoryChapter()
    let generator: GeneratorRecord
}
