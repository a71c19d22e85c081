import DequeModule
import NIOCore

/// What the pipeline needs to know of a request.
protocol PipelinedRequest {
    var commandCount: Int { get }
    var deadline: NIODeadline { get }
    /// Whether the command at `index` is a script call, which can be repeated with its source.
    func isScript(at index: Int) -> Bool
}

/// The order of things on one pipelined connection: which requests wait for a connection, which await replies, and to
/// whom the next reply belongs. RESP2 has no request ids; replies come in the order of the commands.
///
/// A request whose caller has given up keeps its place, so that its replies are dropped and not taken for others'.
/// No I/O, no clock: the shell calls in with what happened and does what is returned.
struct CommandPipeline<Request: PipelinedRequest> {
    private enum Phase {
        case disconnected
        case connected
        /// Nothing new is taken; what is in flight is still answered.
        case draining
        case shutDown
    }

    /// A run of commands of one request that were written together.
    private struct Slot {
        let request: Request
        /// The command that the next reply belongs to.
        var next: Int
        let end: Int
        /// The source of a script was sent because the server did not know the digest.
        let isReload: Bool
        var isOverdue = false
    }

    enum Submission {
        case send
        case wait
        case refuse
    }

    enum Delivery {
        case deliver(Request, index: Int)
        /// The script is unknown to the server: the shell sends its source, then calls `reloading`.
        case reload(Request, index: Int)
        /// A reply that nothing was sent for.
        case unexpected
    }

    struct Expiry {
        /// Sent, and not answered in time.
        var unanswered: [Request] = []
        /// Never sent.
        var unsent: [Request] = []
        /// The server has sent nothing for so long that the connection counts as dead.
        var isSilent = false
    }

    /// How long nothing may arrive, once a deadline has passed, before the connection counts as dead.
    let silenceLimit: TimeAmount
    private var phase = Phase.disconnected
    private var waiting: Deque<Request> = []
    private var slots: Deque<Slot> = []
    private var overdueSlots = 0
    /// When bytes last arrived, or when the first command after an idle time was sent.
    private var lastProgress = NIODeadline.uptimeNanoseconds(0)
    /// `expire(now:)` has nothing to do before this time; nil when it never has.
    private(set) var nextExpiry: NIODeadline?

    init(silenceLimit: TimeAmount) {
        self.silenceLimit = silenceLimit
    }

    var isConnected: Bool { phase == .connected }

    /// Draining is over: every command in flight was answered or has timed out.
    var isDrained: Bool { phase == .shutDown || (phase == .draining && slots.count == overdueSlots) }

    mutating func submit(_ request: Request) -> Submission {
        switch phase {
        case .connected:
            return .send
        case .disconnected:
            waiting.append(request)
            expect(request.deadline)
            return .wait
        case .draining, .shutDown:
            return .refuse
        }
    }

    /// All commands of `request` were written.
    mutating func sent(_ request: Request, now: NIODeadline) {
        append(Slot(request: request, next: 0, end: request.commandCount, isReload: false), now: now)
    }

    /// The script at `index` was written again, with its source.
    mutating func reloading(_ request: Request, index: Int, now: NIODeadline) {
        append(Slot(request: request, next: index, end: index + 1, isReload: true), now: now)
    }

    /// A connection is ready: returns what waited for it, to be sent; nil when none is wanted any more.
    mutating func connected() -> [Request]? {
        guard phase == .disconnected else { return nil }
        phase = .connected
        defer { waiting = [] }
        return Array(waiting)
    }

    mutating func bytesArrived(now: NIODeadline) {
        lastProgress = now
    }

    mutating func received(_ reply: RESPValue) -> Delivery {
        guard !slots.isEmpty else { return .unexpected }
        let slot = slots[0]
        if slot.next + 1 == slot.end {
            slots.removeFirst()
            if slot.isOverdue { overdueSlots -= 1 }
        } else {
            slots[0].next += 1
        }
        if case .error(let error) = reply, error.isNoScript, !slot.isReload, slot.request.isScript(at: slot.next) {
            return .reload(slot.request, index: slot.next)
        }
        return .deliver(slot.request, index: slot.next)
    }

    /// The connection is gone: returns the requests that were sent and not fully answered.
    mutating func disconnected() -> [Request] {
        defer {
            slots.removeAll()
            overdueSlots = 0
        }
        switch phase {
        case .connected, .disconnected: phase = .disconnected
        case .draining, .shutDown: phase = .shutDown
        }
        return slots.map(\.request)
    }

    /// Stops taking requests: returns those that were never sent.
    mutating func drain() -> [Request] {
        switch phase {
        case .disconnected: phase = .shutDown
        case .connected: phase = .draining
        case .draining, .shutDown: break
        }
        defer { waiting = [] }
        return Array(waiting)
    }

    /// Finds what has timed out by `now`, and when to look again.
    mutating func expire(now: NIODeadline) -> Expiry {
        var expiry = Expiry()
        nextExpiry = nil
        for index in slots.indices where !slots[index].isOverdue {
            let deadline = slots[index].request.deadline
            if deadline <= now {
                slots[index].isOverdue = true
                overdueSlots += 1
                expiry.unanswered.append(slots[index].request)
            } else {
                expect(deadline)
            }
        }
        expiry.unsent = waiting.filter { $0.deadline <= now }
        if !expiry.unsent.isEmpty { waiting.removeAll { $0.deadline <= now } }
        for request in waiting { expect(request.deadline) }
        if overdueSlots > 0 {
            let limit = lastProgress + silenceLimit
            expiry.isSilent = limit <= now
            if !expiry.isSilent { expect(limit) }
        }
        return expiry
    }

    private mutating func append(_ slot: Slot, now: NIODeadline) {
        if slots.isEmpty { lastProgress = now }
        slots.append(slot)
        expect(slot.request.deadline)
    }

    private mutating func expect(_ deadline: NIODeadline) {
        nextExpiry = nextExpiry.map { min($0, deadline) } ?? deadline
    }
}
