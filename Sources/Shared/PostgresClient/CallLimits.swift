import Synchronization

/// What ends a call early: its deadline, or the cancellation of the task that made it.
struct CallLimits {
    let deadline: ContinuousClock.Instant
    /// nil for what must not be interrupted half-way, such as COMMIT.
    let cancellation: CallCancellation?
    /// Whether the call makes the open transaction permanent.
    var commits = false
}

/// Carries the cancellation of a task to the connection's thread.
final class CallCancellation: Sendable {
    private let requested = Atomic(false)
    private let wake: WakeSignal

    init(wake: WakeSignal) { self.wake = wake }

    var isRequested: Bool { requested.load(ordering: .acquiring) }

    func request() {
        requested.store(true, ordering: .releasing)
        wake.signal()
    }
}
