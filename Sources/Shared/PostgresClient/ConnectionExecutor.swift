/// Runs one connection's work on a thread of its own, where it may block. The thread ends after the last reference to
/// the executor is gone.
final class ConnectionExecutor: SerialExecutor {
    private let queue = JobQueue()

    init() throws(PostgresError) {
        let queue = queue
        try DedicatedThread.start(name: "postgres") {
            while let (job, executor) = queue.next() {
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
    }

    deinit { queue.close() }

    /// The queue keeps the executor alive until the job has run: the job may drop the last reference to the actor.
    func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job), self)
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}
