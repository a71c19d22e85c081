import Histogram

/// What the live view shows of a moment.
struct LiveSample: Codable, Sendable {
    var sent = 0
    var accepted = 0
    var confirmed = 0
    var cancelled = 0
    var refused = 0
    var served = 0
    var unserved = 0
    var late = 0
    var heldBack = 0
    /// Answers to purchases, looks and log-ins so far, from their intended sends.
    var answers = LatencyPair().corrected

    init() {}

    init(_ record: LoadRecord) {
        sent = record.sent
        accepted = record.accepted
        confirmed = record.confirmed
        cancelled = record.cancelled
        refused = record.refused
        served = record.served
        unserved = record.unserved
        late = record.lateSends + record.starved
        heldBack = record.heldBack
        for series in [LatencySeries.accept, .refuse, .browse, .logIn] {
            if record.latencies.recorded.contains(series) { answers.add(record.latencies[series].corrected) }
        }
    }

    /// Visits that are begun and not over.
    var backlog: Int { max(0, sent - refused - confirmed - cancelled - served - unserved) }

    mutating func merge(_ other: LiveSample) {
        sent += other.sent
        accepted += other.accepted
        confirmed += other.confirmed
        cancelled += other.cancelled
        refused += other.refused
        served += other.served
        unserved += other.unserved
        late += other.late
        heldBack += other.heldBack
        answers.add(other.answers)
    }
}
