import Foundation

/// The result of a run: what is printed, and with `--json` written to a file. Times in seconds unless the name says
/// milliseconds; rates count from the first intended send to the last event of their kind.
struct RunReport: Encodable, Sendable {
    /// What was offered.
    struct Load: Encodable, Sendable {
        var tickets: Int
        var buyers: Int
        var purchases: Int
        var ticketsWanted: Int
        /// Purchases per second, as planned.
        var intendedRate: Double
        var connections: Int
        var pollConnections: Int
        var seed: UInt64
    }

    /// What the generator itself did; late sends mark the run as not measuring the service alone.
    struct Generator: Encodable, Sendable {
        var lateSends: Int
        var worstLatenessMs: Double
        /// Sends that waited more than 50 ms for a free connection.
        var heldBack: Int
        var cpuSeconds: Double
        /// Cores used on average while the measured load ran.
        var cpuCores: Double
        var peakMemoryMB: Double
        var lostRequests: Int
        var purchaseRetries: Int
    }

    /// What was sold after the measured load, to buyers who had been told `sold_out`.
    struct Leftover: Encodable, Sendable {
        var rounds = 0
        var purchases = 0
        var ticketsSold = 0
        /// Buyers whose last answer was `sold_out`.
        var buyersLeftWaiting = 0
    }

    var eventId: String
    var load: Load
    var accepted: Int
    var acceptedPerSecond: Double
    /// Purchases accepted in each second of the load, and when its first second began, in seconds since 1970.
    var acceptedEachSecond: [Int]
    var startedAt: Double
    var confirmed: Int
    var confirmedPerSecond: Double
    var cancelled: Int
    var refusedByCode: [String: Int]
    var refusedPerSecondByCode: [String: Double]
    /// Temporary refusals, tried again with the same key.
    var retriedByCode: [String: Int]
    /// Still told "later" when the run ended.
    var abandonedByCode: [String: Int]
    /// No definite answer when the run ended.
    var unresolved: Int
    var polls: Int
    var pollsPerSecond: Double
    var pollsNotModified: Int
    /// Polls for an accepted order that the service did not know.
    var pollsMissing: Int
    /// Orders that the service had lost and took back by their receipts.
    var ordersRecovered: Int
    var secondsToSellOut: Double?
    /// From the intended send to the 202.
    var acceptLatency: LatencySummary
    /// From the intended send to a definite refusal.
    var refuseLatency: LatencySummary
    /// From the 202 to the answer that shows the final state.
    var settleLatency: LatencySummary
    var generator: Generator
    var leftover: Leftover
    var ticketsSold: Int
    var keysReplayed: Int
    var violations: [Violation]

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(filePath: path))
    }
}
