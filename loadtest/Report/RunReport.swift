import Foundation

/// The result of a run: what is printed, and with `--json` written to a file. `report.schema.json` says the same for
/// machines. Times in seconds unless the name says milliseconds; rates count from the first intended send to the last
/// event of their kind.
struct RunReport: Codable, Sendable {
    /// What was offered.
    struct Load: Codable, Equatable, Sendable {
        var tickets: Int
        /// Accounts, the one included that opened the door.
        var buyers: Int
        /// Visits of the measured wave, and those among them that buy.
        var visits: Int
        var purchases: Int
        var ticketsWanted: Int
        /// Visits per second, as planned.
        var intendedRate: Double
        var connections: Int
        var pollConnections: Int
        var seed: UInt64
    }

    /// The visits of one journey.
    struct JourneyCount: Codable, Equatable, Sendable {
        var journey: String
        var visits = 0
        var accepted = 0
        var confirmed = 0
        var refused = 0
        /// Requests of any kind, and those with an answer that is no failure.
        var requests = 0
        var answered = 0
    }

    /// What the audit could judge.
    struct Audit: Codable, Equatable, Sendable {
        var judged: [String]
        var notJudged: [String]
    }

    static let formatVersion = 2

    var format = RunReport.formatVersion
    var name: String
    var target: String
    var addresses: [String]
    var environment: RunEnvironment
    var eventId: String
    /// Whether the figures are the service's: the generator kept its plan.
    var valid: Bool
    var invalidBecause: [String]
    var load: Load
    var journeys: [JourneyCount]
    var accepted: Int
    var acceptedPerSecond: Double
    /// Purchases accepted in each second of the load, and when its first second began, in seconds since 1970.
    var acceptedEachSecond: [Int]
    var startedAt: Double
    var seconds: Double
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
    /// By series, measured in both ways.
    var latencies: [String: SeriesSummary]
    var timeline: Timeline
    var fairness: Fairness
    var generator: GeneratorRecord
    /// Cores that the generator used on average while the measured load ran.
    var generatorCores: Double
    var leftover: Leftover
    var ticketsSold: Int
    var keysReplayed: Int
    var operations: Int
    var audit: Audit
    var thresholds: [ThresholdResult]
    var violations: [Violation]

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(filePath: path))
    }

    /// How the run ended, for a program's exit status. A broken promise outweighs an invalid run, and that one a
    /// threshold: what was not measured cannot be missed.
    var verdict: Verdict {
        if !violations.isEmpty { return .brokenPromise }
        if !valid { return .invalid }
        return thresholds.allSatisfy(\.holds) ? .good : .missedThreshold
    }
}

/// How a run ended; the raw value is the exit status.
enum Verdict: Int32, Sendable {
    case good = 0
    case brokenPromise = 1
    /// The generator was the bottleneck: the figures say nothing about the service.
    case invalid = 2
    case missedThreshold = 3
    /// The run could not be carried out.
    case failed = 4
}
