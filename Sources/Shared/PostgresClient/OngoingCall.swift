/// A call under way on a connection: its limits, and how it is being ended once they are reached.
struct OngoingCall {
    enum Interruption {
        case deadline, cancellation

        var code: PostgresError.Code { self == .deadline ? .deadlineExceeded : .cancelled }

        var message: String {
            self == .deadline ? "the statement's deadline passed" : "the calling task was cancelled"
        }
    }

    let limits: CallLimits
    private(set) var interruption: Interruption?
    private(set) var cancelRequest: CancelRequest?
    /// When to stop waiting: first the deadline, after an interruption the end of the grace period.
    private(set) var limit: ContinuousClock.Instant
    /// Whether anything has been sent to the server.
    var isSent = false

    init(_ limits: CallLimits) {
        self.limits = limits
        self.limit = limits.deadline
    }

    /// The limit that is reached now, if one is.
    func reached(now: ContinuousClock.Instant) -> Interruption? {
        if limits.cancellation?.isRequested ?? false { return .cancellation }
        return now >= limits.deadline ? .deadline : nil
    }

    mutating func interrupt(
        _ reason: Interruption, request: CancelRequest, now: ContinuousClock.Instant, grace: Duration
    ) {
        interruption = reason
        cancelRequest = request
        limit = now + grace
    }
}
