import HeapModule

/// Runs one world: every job of every process on the one thread that calls `run`, in an order that the seed decides,
/// in a time that jumps to the next timer when no job is ready.
///
/// `@unchecked Sendable` because all of it is touched by that one thread only: jobs run on it, and whoever resumes a
/// job or cancels a sleep is a job itself.
final class Scheduler: @unchecked Sendable {
    private struct Ready {
        let job: UnownedJob
        let process: SimulatedProcess
    }

    private struct Timer: Comparable {
        /// Nanoseconds.
        let time: Int64
        let number: Int

        static func < (a: Timer, b: Timer) -> Bool { (a.time, a.number) < (b.time, b.number) }
    }

    /// How a run ended that did not come to its end.
    enum Failure: Error {
        /// No job is ready and no timer is set: somebody waits for what never comes.
        case stuck
        /// More jobs than any run needs.
        case endless
    }

    /// Jobs of one run: far above what a run has, and some seconds of work.
    private static let jobLimit = 5_000_000

    /// Nanoseconds since the world began.
    private(set) var now: Int64 = 0
    private(set) var jobs = 0
    var generator: SeededGenerator
    private var ready: [Ready] = []
    private var timers = Heap<Timer>()
    private var actions: [Int: () -> Void] = [:]
    private var lastTimer = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    func enqueue(_ job: UnownedJob, of process: SimulatedProcess) {
        ready.append(Ready(job: job, process: process))
    }

    /// Does `action` after `duration`, unless the returned timer is cancelled before.
    @discardableResult
    func after(_ duration: Duration, _ action: @escaping () -> Void) -> Int {
        lastTimer += 1
        timers.insert(Timer(time: now + max(0, duration.nanoseconds), number: lastTimer))
        actions[lastTimer] = action
        return lastTimer
    }

    func cancel(_ timer: Int) { actions[timer] = nil }

    /// Waits, whatever happens to the task.
    func wait(_ duration: Duration) async {
        await withUnsafeContinuation { continuation in _ = after(duration) { continuation.resume() } }
    }

    /// Waits until the duration is over or the task is cancelled.
    func sleep(_ duration: Duration) async throws {
        let sleep = Sleep(scheduler: self)
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { sleep.begin(duration, $0) }
        } onCancel: {
            sleep.cancel()
        }
    }

    /// Runs until `isFinished`, or until nothing happens any more.
    func run(until isFinished: () -> Bool) throws(Failure) {
        jobs = 0
        while !isFinished() {
            jobs += 1
            guard jobs < Scheduler.jobLimit else { throw .endless }
            if runJob() { continue }
            guard let timer = timers.popMin() else { throw .stuck }
            now = timer.time
            actions.removeValue(forKey: timer.number)?()
        }
    }

    /// Runs until no job is ready and no timer is set.
    func finish() throws(Failure) {
        do { try run { false } } catch .stuck {}
    }

    private func runJob() -> Bool {
        guard !ready.isEmpty else { return false }
        ready.swapAt(Int(generator.next() % UInt64(ready.count)), ready.count - 1)
        let next = ready.removeLast()
        guard !next.process.holds(next.job) else { return true }
        next.job.runSynchronously(on: next.process.asUnownedTaskExecutor())
        return true
    }
}

/// One sleep of one task.
private final class Sleep: @unchecked Sendable {
    private let scheduler: Scheduler
    private var timer = 0
    private var continuation: UnsafeContinuation<Void, any Error>?
    private var isCancelled = false

    init(scheduler: Scheduler) { self.scheduler = scheduler }

    func begin(_ duration: Duration, _ continuation: UnsafeContinuation<Void, any Error>) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        timer = scheduler.after(duration) { [self] in finish()?.resume() }
    }

    func cancel() {
        isCancelled = true
        scheduler.cancel(timer)
        finish()?.resume(throwing: CancellationError())
    }

    private func finish() -> UnsafeContinuation<Void, any Error>? {
        defer { continuation = nil }
        return continuation
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
