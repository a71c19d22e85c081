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
    /// Until when the last request to stop is given time to work.
    private var nextRequest: ContinuousClock.Instant?
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

    /// From now on the server is asked to stop, until the grace period is over.
    mutating func interrupt(_ reason: Interruption, now: ContinuousClock.Instant, grace: Duration) {
        interruption = reason
        limit = now + grace
    }

    /// A request that overtakes the statement it is meant for does nothing, so it is repeated while no answer comes;
    /// one at a time.
    func needsCancelRequest(now: ContinuousClock.Instant) -> Bool {
        guard let cancelRequest, let nextRequest else { return true }
        return cancelRequest.isFinished && now >= nextRequest
    }

    mutating func requested(_ request: CancelRequest, now: ContinuousClock.Instant) {
        cancelRequest = request
        nextRequest = now + Self.timeBetweenRequests
    }

    /// When there may be something to do though nothing is heard.
    var nextLook: ContinuousClock.Instant {
        guard let nextRequest, let cancelRequest, cancelRequest.isFinished else { return limit }
        return min(limit, nextRequest)
    }

    private static let timeBetweenRequests: Duration = .milliseconds(50)
}
