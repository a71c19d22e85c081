import Foundation
import NIOCore
import Ticketing

/// One run as an agent sees it: hello, clocks, its part, the load, and what came of it.
struct AgentSession: Sendable {
    let connection: AgentConnection
    let secret: String
    /// Time to show the secret.
    let patience: TimeAmount
    let group: any EventLoopGroup
    let display: LiveDisplay

    func run() async throws {
        let limit = connection.giveUp(after: patience)
        let knowsSecret = try await isWelcome()
        limit.cancel()
        guard knowsSecret else {
            try await connection.send(AgentReply.refused("the secret or the version is another"))
            return try await connection.close()
        }
        try await connection.send(AgentReply.welcome)
        var part: Part?
        while case .message(let data) = try await connection.next() {
            switch try AgentConnection.decode(AgentRequest.self, data) {
            case .hello: break
            case .clock: try await connection.send(AgentReply.clock(BuyerLoop.now()))
            case .prepare(let assignment):
                do {
                    part = try await prepare(assignment)
                    try await connection.send(AgentReply.ready)
                } catch {
                    try await connection.send(AgentReply.failed("\(error)"))
                }
            case .sample: break
            case .begin(let start):
                guard let part else { throw LoadTestError(.agent, "told to begin before anything was prepared") }
                try await carryOut(part, start)
            }
        }
        try await part?.crowd.stop()
    }

    /// Whether the other side knows the secret, compared in a time that does not depend on where they differ.
    private func isWelcome() async throws -> Bool {
        guard case .message(let data) = try await connection.next(),
            case .hello(let theirs, let version) = try AgentConnection.decode(AgentRequest.self, data)
        else { return false }
        let (own, other) = (Array(secret.utf8), Array(theirs.utf8))
        guard version == AgentRequest.version, own.count == other.count else { return false }
        return zip(own, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private struct Part {
        let assignment: AgentAssignment
        let plan: ArrivalPlan
        let crowd: Crowd
    }

    private func prepare(_ assignment: AgentAssignment) async throws -> Part {
        let plan = ArrivalPlan(assignment.scenario)
        guard assignment.count > 0, (0..<assignment.count).contains(assignment.index) else {
            throw LoadTestError(.agent, "part \(assignment.index) of \(assignment.count)")
        }
        var buyers = Array(repeating: Buyer(id: UserID(), token: ""), count: plan.buyers)
        for account in assignment.buyers where buyers.indices.contains(account.place) {
            buyers[account.place] = Buyer(id: UserID(account.id), token: account.token)
        }
        let configuration = BuyerLoop.Configuration(
            target: assignment.target, journeys: assignment.scenario.journeys,
            event: assignment.event.flatMap { EventID($0) }, password: assignment.password,
            endpoints: try assignment.addresses.map { try Endpoint($0) }, connections: 1, pollConnections: 1,
            pollWait: assignment.pollWait)
        // Each agent's choices are its own.
        let seed = assignment.scenario.seed &+ UInt64(assignment.index) &* 1_000
        let crowd = try await Crowd.gather(
            on: group, configuration, traffic: assignment.scenario.traffic, buyers: buyers, seed: seed,
            agents: assignment.count)
        try await crowd.waitForConnections(assignment.scenario.traffic, within: .seconds(20))
        display.note("part \(assignment.index + 1) of \(assignment.count) is ready")
        return Part(assignment: assignment, plan: plan, crowd: crowd)
    }

    /// Sends the load while it answers questions after how it goes.
    private func carryOut(_ part: Part, _ start: AgentStart) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while case .message(let data) = try await connection.next() {
                    guard case .sample = try AgentConnection.decode(AgentRequest.self, data) else { continue }
                    try await connection.send(AgentReply.sample(LiveSample(try await part.crowd.record())))
                }
                if !Task.isCancelled { throw LoadTestError(.agent, "whoever asked for the load has gone") }
            }
            let (summary, chapter) = try await load(part, start)
            try await connection.send(AgentReply.done(summary))
            try await connection.send(chapter)
            group.cancelAll()
        }
    }

    private func load(_ part: Part, _ start: AgentStart) async throws -> (AgentSummary, HistoryChapter) {
        let before = ProcessUsage.now()
        let arrivals = part.plan.share(of: part.assignment.index, among: part.assignment.count)
        try await part.crowd.run(
            arrivals, wave: 1, at: start.start, deadline: start.deadline, watching: start.watched)
        let seconds = WaveFigures.seconds(BuyerLoop.now() - start.start)
        let record = try await part.crowd.record()
        let usage = ProcessUsage.now()
        try await part.crowd.look(rereads: part.assignment.rereadOrders, deadline: start.deadline)
        let summary = AgentSummary(
            record: record, seconds: seconds, cpuSeconds: usage.cpuSeconds - before.cpuSeconds,
            peakMemory: usage.peakMemory, lostRequests: try await part.crowd.lostRequests())
        let chapter = try await part.crowd.chapter()
        try await part.crowd.stop()
        display.note("sent \(record.sent) visits in \(String(format: "%.1f", seconds)) s")
        return (summary, chapter)
    }
}
