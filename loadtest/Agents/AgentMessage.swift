import Foundation

/// What one process tells another over an agent's connection; JSON but for the history at the end.
enum AgentRequest: Codable, Sendable {
    /// The secret that both were started with, and the format of what follows.
    case hello(secret: String, version: Int)
    /// What time is it?
    case clock
    case prepare(AgentAssignment)
    /// Begin at an instant of the agent's own clock.
    case begin(AgentStart)
    case sample

    static let version = 1
}

enum AgentReply: Codable, Sendable {
    case welcome
    case refused(String)
    case clock(Instant)
    /// The connections are open.
    case ready
    case sample(LiveSample)
    /// The load is over; the chapter follows as a frame of its own.
    case done(AgentSummary)
    case failed(String)
}

struct AgentStart: Codable, Sendable {
    var start: Instant
    var deadline: Instant
    var watched: WatchedOrder?
}

/// An agent's part of a run.
struct AgentAssignment: Codable, Sendable {
    struct Account: Codable, Sendable {
        /// Its place among the run's buyers.
        var place: Int
        var id: UUID
        var token: String
    }

    var scenario: Scenario
    var target: Target
    var addresses: [String]
    var event: String?
    var password: String
    var pollWait: Int
    var rereadOrders: Int
    /// Which of how many.
    var index: Int
    var count: Int
    var buyers: [Account]
}

/// What an agent counted and cost.
struct AgentSummary: Codable, Sendable {
    var record: LoadRecord
    var seconds: Double
    var cpuSeconds: Double
    var peakMemory: Int
    var lostRequests: Int
}

/// What an agent gives back, its times on the clock of whoever asked.
struct AgentResult: Sendable {
    var summary: AgentSummary
    var chapter: HistoryChapter
}
