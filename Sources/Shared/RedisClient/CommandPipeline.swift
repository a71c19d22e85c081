import DequeModule
import NIOCore

/// What the pipeline needs to know of a request.
protocol PipelinedRequest {
    var commandCount: Int { get }
    var deadline: NIODeadline { get }
    /// Whether the command at `index` is a script call, which can be repeated with its source.
    func isScript(at index: Int) -> Bool
    /// Whether its replies count only once replicas have confirmed what it wrote.
    var needsReplicas: Bool { get }
}

/// The order of things on one pipelined connection: which requests wait for a connection, which await replies, and to
/// whom the next reply belongs. RESP2 has no request ids; replies come in the order of the commands.
///
/// A request whose caller has given up keeps its place, so that its replies are dropped and not taken for others'.
///
/// Where replicas are to confirm writes, the shell asks them once behind each flush that needs it, and holds back both
/// the replies to what needs it and all later requests until they have answered. So the next flush takes everything
/// that has come meanwhile, as one group, and replicas are asked as often as they can answer and not more.
///
/// No I/O, no clock: the shell calls in with what happened and does what is returned.
struct CommandPipeline<Request: PipelinedRequest> {
    private enum Phase {
        case disconnected
        case connected
        /// Nothing new is taken; what is in flight is still answered.
        case draining
        case shutDown
    }

    /// A run of commands of one request that were written together, or the question to the replicas.
    private struct Slot {
        /// Nil for the question to the replicas.
        let request: Request?
        let deadline: NIODeadline
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
        /// The replicas' answer to the question behind a flush: it decides what was held back. The shell sends the
        /// requests, which had to wait for it.
        case confirmed([Request])
        /// A reply that nothing was sent for.
        case unexpected
    }

    struct Expiry {
        /// Sent, and not answered in time.
        var unanswered: [Request] = []
        /// Never sent.
        var unsent: [Request] = []
        /// The replicas' answer is overdue: what was held back for it has no more time.
        var isUnconfirmed = false
        /// The server has sent nothing for so long that the connection counts as dead.
        var isSilent = false
    }

    /// How long nothing may arrive, once a deadline has passed, before the connection counts as dead.
    let silenceLimit: TimeAmount
    private let confirms: Bool
    private var phase = Phase.disconnected
    private var waiting: Deque<Request> = []
    private var slots: Deque<Slot> = []
    private var overdueSlots = 0
    /// Questions to replicas that are not answered yet.
    private var questions = 0
    /// The earliest deadline of what was written since the last flush and needs the replicas' confirmation.
    private var confirmationDeadline: NIODeadline?
    /// When bytes last arrived, or when the first command after an idle time was sent.
    private var lastProgress = NIODeadline.uptimeNanoseconds(0)
    /// `expire(now:)` has nothing to do before this time; nil when it never has.
    private(set) var nextExpiry: NIODeadline?

    /// - Parameter confirms: Whether replicas are asked to confirm what needs it.
    init(silenceLimit: TimeAmount, confirms: Bool = false) {
        self.silenceLimit = silenceLimit
        self.confirms = confirms
    }

    var isConnected: Bool { phase == .connected }

    /// Draining is over: every command in flight was answered or has timed out.
    var isDrained: Bool { phase == .shutDown || (phase == .draining && slots.count == overdueSlots) }

    mutating func submit(_ request: Request) -> Submission {
        switch phase {
        case .connected where questions == 0:
            return .send
        case .connected, .disconnected:
            waiting.append(request)
            expect(request.deadline)
            return .wait
        case .draining, .shutDown:
            return .refuse
        }
    }

    /// All commands of `request` were written.
    mutating func sent(_ request: Request, now: NIODeadline) {
        append(
            Slot(
                request: request, deadline: request.deadline, next: 0, end: request.commandCount, isReload: false),
            now: now)
        noteConfirmation(of: request)
    }

    /// The script at `index` was written again, with its source.
    mutating func reloading(_ request: Request, index: Int, now: NIODeadline) {
        append(
            Slot(request: request, deadline: request.deadline, next: index, end: index + 1, isReload: true), now: now)
        noteConfirmation(of: request)
    }

    /// Whether the next flush must end with the question to the replicas.
    var needsConfirmation: Bool { confirmationDeadline != nil }

    /// The question to the replicas was written.
    mutating func askedReplicas(now: NIODeadline) {
        guard let deadline = confirmationDeadline else { return }
        confirmationDeadline = nil
        questions += 1
        append(Slot(request: nil, deadline: deadline, next: 0, end: 1, isReload: false), now: now)
    }

    /// Whether the replies to `request` count only with the replicas' answer.
    func holdsBack(_ request: Request) -> Bool { confirms && request.needsReplicas }

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
        guard let request = slot.request else {
            questions -= 1
            // Behind a script that was sent again stands one more.
            guard questions == 0, phase == .connected else { return .confirmed([]) }
            defer { waiting = [] }
            return .confirmed(Array(waiting))
        }
        if case .error(let error) = reply, error.isNoScript, !slot.isReload, request.isScript(at: slot.next) {
            return .reload(request, index: slot.next)
        }
        return .deliver(request, index: slot.next)
    }

    /// The connection is gone: returns the requests that were sent and not fully answered.
    mutating func disconnected() -> [Request] {
        defer {
            slots.removeAll()
            overdueSlots = 0
            questions = 0
            confirmationDeadline = nil
        }
        switch phase {
        case .connected, .disconnected: phase = .disconnected
        case .draining, .shutDown: phase = .shutDown
        }
        return slots.compactMap(\.request)
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
            let deadline = slots[index].deadline
            if deadline <= now {
                slots[index].isOverdue = true
                overdueSlots += 1
                if let request = slots[index].request {
                    expiry.unanswered.append(request)
                } else {
                    expiry.isUnconfirmed = true
                }
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
        expect(slot.deadline)
    }

    private mutating func noteConfirmation(of request: Request) {
        guard holdsBack(request) else { return }
        confirmationDeadline = confirmationDeadline.map { min($0, request.deadline) } ?? request.deadline
    }

    private mutating func expect(_ deadline: NIODeadline) {
        nextExpiry = nextExpiry.map { min($0, deadline) } ?? deadline
    }
}
