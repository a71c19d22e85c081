/// One process of the world, from its start to its end: a worker, a gateway, or those outside whom nothing befalls.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class SimulatedProcess: TaskExecutor, @unchecked Sendable {
    let name: String
    private(set) var isDead = false
    /// Does to the process what a kill does, beyond what the scheduler knows of.
    var onCrash: (() -> Void)?
    private unowned let scheduler: Scheduler
    private var isPaused = false
    private var held: [UnownedJob] = []

    init(_ name: String, _ scheduler: Scheduler) {
        self.name = name
        self.scheduler = scheduler
    }

    func enqueue(_ job: consuming ExecutorJob) { scheduler.enqueue(UnownedJob(job), of: self) }

    /// Keeps the job back while the process is stopped.
    func holds(_ job: UnownedJob) -> Bool {
        if isPaused { held.append(job) }
        return isPaused
    }

    /// SIGSTOP, and SIGCONT after `duration`: everything that the process does is held and then goes on.
    func pause(for duration: Duration) {
        guard !isPaused, !isDead else { return }
        isPaused = true
        scheduler.after(duration) { [self] in goOn() }
    }

    /// SIGKILL. What the process still does has no effect on anything outside; it only unwinds.
    func crash() {
        guard !isDead else { return }
        isDead = true
        onCrash?()
        onCrash = nil
        goOn()
    }

    private func goOn() {
        isPaused = false
        for job in held { scheduler.enqueue(job, of: self) }
        held = []
    }
}
