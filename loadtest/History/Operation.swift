import Ticketing

/// One request and what came of it: a line of the history that the audit is made from.
struct Operation: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        /// A purchase, and one more sending of its key beside it.
        case purchase, copy
        /// A question after an order, and one that is asked again although its end was seen.
        case poll, recover, reread
        case browse, logIn
    }

    enum Outcome: UInt8, Sendable {
        case ok
        /// A definite no: nothing has happened.
        case refused
        /// No for now: may be sent again.
        case later
        /// No answer, or one that says nothing.
        case unknown
    }

    /// The visit it belongs to.
    let visit: Int
    let kind: Kind
    /// When it should have been sent.
    let dueAt: Instant
    /// When it was written to a connection.
    let invokedAt: Instant
    /// When its answer was read, or the connection lost; nil when the run ended before.
    var completedAt: Instant?
    var outcome = Outcome.unknown
    /// Why it was refused, or why the order it shows was cancelled.
    var code: String?
    /// The order that was accepted.
    var order: OrderID?
    /// The state that was shown; nil where the answer shows none, also when it says that nothing has changed.
    var status: OrderStatus?
    /// The order was shown as still in line.
    var isQueued = false

    init(visit: Int, kind: Kind, dueAt: Instant? = nil, invokedAt: Instant) {
        self.visit = visit
        self.kind = kind
        self.dueAt = dueAt ?? invokedAt
        self.invokedAt = invokedAt
    }

    mutating func end(at time: Instant, _ answer: PurchaseAnswer) {
        completedAt = time
        switch answer {
        case .accepted(let id, _, _):
            outcome = .ok
            order = id
        case .refused(let reason):
            outcome = .refused
            code = reason
        case .busy(let reason, _):
            outcome = .later
            code = reason
        case .unknown: outcome = .unknown
        }
    }

    mutating func end(at time: Instant, _ answer: OrderAnswer) {
        completedAt = time
        switch answer {
        case .state(let state):
            outcome = .ok
            status = state.status
            isQueued = state.isQueued
            code = state.failure
        case .unchanged: outcome = .ok
        case .missing:
            outcome = .refused
            code = Self.missing
        case .unavailable: outcome = .unknown
        }
    }

    /// An answer of which only the status counts; 0 when there was none.
    mutating func end(at time: Instant, httpStatus: Int) {
        completedAt = time
        switch httpStatus {
        case 200..<400: outcome = .ok
        case 429, 503: outcome = .later
        case 400..<500: outcome = .refused
        default: outcome = .unknown
        }
        if outcome != .ok { code = httpStatus == 0 ? Self.lost : "http_\(httpStatus)" }
    }

    /// The code of a poll whose order the service did not know.
    static let missing = "missing"
    /// The code of a look that had no answer.
    static let lost = "lost"

    /// Whether there was an answer that says something.
    var wasAnswered: Bool { completedAt != nil && outcome != .unknown }

    /// The answer as the buyer's state machine takes it; nil for what is no sending of a purchase.
    var purchaseAnswer: PurchaseAnswer? {
        guard kind == .purchase else { return nil }
        return switch outcome {
        case .ok: order.map { .accepted($0, etag: nil) } ?? .unknown(retryAfter: nil)
        case .refused: .refused(code: code ?? "")
        case .later: .busy(code: code ?? "", retryAfter: nil)
        case .unknown: .unknown(retryAfter: nil)
        }
    }

    /// The same as seen by a clock that shows `offset` nanoseconds more.
    func shifted(by offset: Instant) -> Operation {
        var shifted = Operation(visit: visit, kind: kind, dueAt: dueAt + offset, invokedAt: invokedAt + offset)
        shifted.completedAt = completedAt.map { $0 + offset }
        shifted.outcome = outcome
        shifted.code = code
        shifted.order = order
        shifted.status = status
        shifted.isQueued = isQueued
        return shifted
    }
}
