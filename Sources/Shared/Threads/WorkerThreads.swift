import Glibc

/// A fixed number of threads that run jobs in the order they came, and a queue with a limit before them.
///
/// For work that keeps a processor busy for long, or waits in a library: on the cooperative pool or an event loop it
/// would stop everything else. The threads end when the last reference to this object goes, after the jobs already
/// taken.
package final class WorkerThreads: Sendable {
    private let queue: JobQueue

    /// - Parameters:
    ///   - niceness: Added to the threads' nice value, 0 to 19.
    ///   - queueLimit: Jobs that may wait; those that run are not counted.
    package init(count: Int, queueLimit: Int, niceness: Int32) throws(ThreadError) {
        queue = JobQueue(limit: queueLimit)
        for _ in 0..<count {
            let context = Unmanaged.passRetained(ThreadContext(queue: queue, niceness: niceness))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { context in
                    if let context { Unmanaged<ThreadContext>.fromOpaque(context).takeRetainedValue().run() }
                    return nil
                }, context.toOpaque())
            guard status == 0 else {
                context.release()
                queue.close()
                throw ThreadError(message: "no thread: \(String(cString: strerror(status)))")
            }
            pthread_detach(thread)
        }
    }

    deinit {
        queue.close()
    }

    /// Jobs that wait for a thread.
    package var waiting: Int { queue.count }

    /// Whether a job would be refused now.
    package var isFull: Bool { queue.isFull }

    /// Hands a job over; false when the queue is full, and then the job never runs.
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        queue.append(job)
    }
}

/// What a thread owns.
private final class ThreadContext: Sendable {
    private let queue: JobQueue
    private let niceness: Int32

    init(queue: JobQueue, niceness: Int32) {
        self.queue = queue
        self.niceness = niceness
    }

    func run() {
        // On Linux this is the calling thread's own value (sched(7)). Without the right to it the thread just runs.
        _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, niceness)
        while let job = queue.next() { job() }
    }
}

/// The system has refused a thread.
package struct ThreadError: Error, CustomStringConvertible {
    let message: String

    package var description: String { message }
}
