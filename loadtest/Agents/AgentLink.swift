import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// One agent as `loadtest run` sees it.
final class AgentLink: Sendable {
    /// Questions after the time: the quickest of them counts.
    private static let clockQuestions = 20
    /// An agent that does not answer for so long has stopped, or is at another run.
    private static let patience = TimeAmount.seconds(30)
    /// Making the plan and opening connections, which may take 20 seconds.
    private static let preparation = TimeAmount.seconds(60)
    /// After the deadline of the load, to hand over what came of it.
    private static let handover = TimeAmount.seconds(60)

    let address: AgentAddress
    private let connection: AgentConnection
    private let clock = Mutex(ClockOffset())
    private let latest = Mutex(LiveSample())

    private init(_ address: AgentAddress, _ connection: AgentConnection) {
        self.address = address
        self.connection = connection
    }

    /// Connects, proves that we know the secret, and compares the clocks.
    static func connect(_ address: AgentAddress, secret: String, on group: any EventLoopGroup) async throws -> AgentLink
    {
        let connection: AgentConnection
        do {
            connection = try await ClientBootstrap(group: group)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try AgentConnection(takingOver: channel) }
                }
        } catch {
            throw LoadTestError(.agent, "\(address) cannot be reached", underlying: error)
        }
        let link = AgentLink(address, connection)
        guard case .welcome = try await link.ask(.hello(secret: secret, version: AgentRequest.version)) else {
            throw LoadTestError(.agent, "\(address) does not let us in")
        }
        for _ in 0..<clockQuestions {
            let asked = BuyerLoop.now()
            guard case .clock(let shown) = try await link.ask(.clock) else { continue }
            link.clock.withLock { $0.note(asked: asked, shown: shown, answered: BuyerLoop.now()) }
        }
        return link
    }

    func prepare(_ assignment: AgentAssignment) async throws {
        guard case .ready = try await ask(.prepare(assignment), within: Self.preparation) else {
            throw LoadTestError(.agent, "\(address) is not ready")
        }
    }

    /// Lets the agent begin at an instant of our clock, and waits for its part of the history.
    func run(at start: Instant, deadline: Instant, watching order: WatchedOrder?) async throws -> AgentResult {
        let limit = connection.giveUp(after: .nanoseconds(max(0, deadline - BuyerLoop.now())) + Self.handover)
        defer { limit.cancel() }
        let offset = clock.withLock(\.offset)
        try await connection.send(
            AgentRequest.begin(AgentStart(start: start + offset, deadline: deadline + offset, watched: order)))
        var summary: AgentSummary?
        var chapter: HistoryChapter?
        while true {
            switch try await connection.next() {
            case .message(let data):
                switch try AgentConnection.decode(AgentReply.self, data) {
                case .sample(let sample): latest.withLock { $0 = sample }
                case .done(let done): summary = done
                case .failed(let reason): throw LoadTestError(.agent, "\(address): \(reason)")
                case .welcome, .refused, .clock, .ready: break
                }
            case .chapter(let bytes):
                var reader = ByteReader(bytes[...])
                chapter = try ChapterCodec.read(&reader).shifted(by: -offset)
            case nil:
                throw LoadTestError(.agent, "\(address) has gone in mid-run")
            }
            if let summary, let chapter { return AgentResult(summary: summary, chapter: chapter) }
        }
    }

    /// What the agent said last about its load; asks it for news.
    func sample() async throws -> LiveSample {
        try await connection.send(AgentRequest.sample)
        return latest.withLock { $0 }
    }

    func leave() async throws { try await connection.close() }

    /// Only before the load: afterwards messages come on their own.
    private func ask(_ request: AgentRequest, within time: TimeAmount = AgentLink.patience) async throws -> AgentReply {
        let limit = connection.giveUp(after: time)
        defer { limit.cancel() }
        try await connection.send(request)
        guard case .message(let data) = try await connection.next() else {
            throw LoadTestError(.agent, "\(address) has gone, or does not answer")
        }
        switch try AgentConnection.decode(AgentReply.self, data) {
        case .refused(let reason), .failed(let reason): throw LoadTestError(.agent, "\(address): \(reason)")
        case let reply: return reply
        }
    }
}
