import NIOCore
import Synchronization

/// One call of `send` or `pipeline`: its commands, its deadline and the task that waits for its outcome.
///
/// Whoever moves `state` to `finished` first, the reply, the deadline, a lost connection or the caller's cancellation,
/// resumes the task; everyone later does nothing. So it is resumed exactly once, from whatever thread.
///
/// Unchecked: `continuation` is written before `state` leaves `created` and read only by the one who finishes;
/// `replies`, `unanswered` and `isSettled` are touched on the event loop of the link only.
final class RedisRequest: @unchecked Sendable {
    typealias Outcome = Result<RESPValue, RedisClientError>

    enum Commands: Sendable {
        case single(RedisCommand)
        /// The outcome is one array with the reply of each.
        case several([RedisCommand])
    }

    private enum State: UInt8, AtomicRepresentable {
        case created
        case queued
        case sent
        case finished
    }

    let commands: Commands
    let start: NIODeadline
    let deadline: NIODeadline
    private let state = Atomic(State.created)
    private var continuation: UnsafeContinuation<Outcome, Never>?
    private var replies: [RESPValue] = []
    private var unanswered: Int
    private var isSettled = false

    init(_ commands: Commands, start: NIODeadline = .now(), deadline: NIODeadline) {
        self.commands = commands
        self.start = start
        self.deadline = deadline
        switch commands {
        case .single: self.unanswered = 1
        case .several(let commands): self.unanswered = commands.count
        }
    }

    /// The caller has its outcome already.
    var isFinished: Bool { state.load(ordering: .acquiring) == .finished }

    /// Sets the task to resume. Returns false when the request was cancelled before; the task is then resumed already.
    func start(_ continuation: UnsafeContinuation<Outcome, Never>) -> Bool {
        self.continuation = continuation
        let (started, _) = state.compareExchange(
            expected: .created, desired: .queued, ordering: .acquiringAndReleasing)
        if !started {
            self.continuation = nil
            continuation.resume(returning: .failure(Self.cancellation(mayHaveRun: false)))
        }
        return started
    }

    /// Called just before the commands are written. Returns false when nobody waits for them any more.
    func beginSending() -> Bool {
        state.compareExchange(expected: .queued, desired: .sent, ordering: .acquiringAndReleasing).exchanged
    }

    /// Keeps a reply and returns the value of the whole request once it has all of them.
    func record(_ reply: RESPValue, at index: Int) -> RESPValue? {
        unanswered -= 1
        guard case .several(let commands) = commands else { return reply }
        if replies.isEmpty { replies = Array(repeating: .null, count: commands.count) }
        replies[index] = reply
        return unanswered == 0 ? .array(replies) : nil
    }

    func succeed(_ value: RESPValue) {
        guard state.exchange(.finished, ordering: .acquiringAndReleasing) != .finished else { return }
        resume(.success(value))
    }

    /// Ends the request with an error of `code`, which may have run exactly if it was sent.
    func fail(_ code: RedisClientError.Code, _ message: String, underlying: (any Error)? = nil) {
        let old = state.exchange(.finished, ordering: .acquiringAndReleasing)
        guard old == .queued || old == .sent else { return }
        resume(.failure(RedisClientError(code, message, mayHaveRun: old == .sent, underlying: underlying)))
    }

    func cancel() {
        let old = state.exchange(.finished, ordering: .acquiringAndReleasing)
        guard old == .queued || old == .sent else { return }
        resume(.failure(Self.cancellation(mayHaveRun: old == .sent)))
    }

    /// Returns true the first time: the request then counts no longer against the link's bound.
    func settle() -> Bool {
        defer { isSettled = true }
        return !isSettled
    }

    private func resume(_ outcome: Outcome) {
        let continuation = continuation.take()
        continuation?.resume(returning: outcome)
    }

    private static func cancellation(mayHaveRun: Bool) -> RedisClientError {
        RedisClientError(.cancelled, "the caller was cancelled", mayHaveRun: mayHaveRun)
    }
}

extension RedisRequest: PipelinedRequest {
    var commandCount: Int {
        switch commands {
        case .single: 1
        case .several(let commands): commands.count
        }
    }

    func command(at index: Int) -> RedisCommand {
        switch commands {
        case .single(let command): command
        case .several(let commands): commands[index]
        }
    }

    func isScript(at index: Int) -> Bool {
        command(at: index).script != nil
    }

    var needsReplicas: Bool {
        switch commands {
        case .single(let command): command.needsReplicas
        case .several(let commands): commands.contains(where: \.needsReplicas)
        }
    }
}
