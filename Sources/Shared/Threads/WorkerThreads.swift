package import Dispatch
import Glibc
import Synchronization

/// A fixed number of threads that run jobs in the order they came, and a queue with a limit before them.
///
/// For work that keeps a processor busy for long, or waits in a library: on the cooperative pool or an event loop it
/// would stop everything else. The threads end when the last reference to this object goes, after the jobs already
/// taken.
package final class WorkerThreads: Sendable {
    /// `SCHED_IDLE` of linux/sched.h, which Swift's Glibc does not show.
    package static let idlePolicy: Int32 = 5

    /// How many threads these are.
    package let count: Int
    private let queue: JobQueue

    /// - Parameters:
    ///   - queueLimit: Jobs that may wait; those that run are not counted.
    ///   - idle: Whether the threads run only while a processor has hardly anything else to do (`SCHED_IDLE`,
    ///     sched(7)), and rest while it has (`RestTimer`). A thread they start would be idle too, also one that the
    ///     system starts for them when they resume a task, and a lock they hold may be held for long. Their jobs compute,
    ///     and nothing else: see `run`.
    package init(count: Int, queueLimit: Int, idle: Bool) throws(ThreadError) {
        self.count = count
        queue = JobQueue(limit: queueLimit)
        for _ in 0..<count {
            let context = Unmanaged.passRetained(ThreadContext(queue: queue, idle: idle))
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

    /// What `run` was asked for and is not over, also what nobody waits for any more. Takes no lock, which a thread of
    /// idle priority might hold for long.
    package var unfinished: Int { queue.unfinished.load(ordering: .relaxed) }

    /// Whether a job would be refused now.
    package var isFull: Bool { queue.isFull }

    /// Hands a job over; false when the queue is full, and then the job never runs.
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        queue.append(job)
    }

    /// Has `work` done by one of these threads while the calling thread waits. That must be a thread of its own, no
    /// event loop and none of the cooperative pool.
    ///
    /// - Returns: Nil when it was not done at `deadline`, or the queue was full. Work that had begun is done all the same.
    package func run<Value: Sendable>(
        until deadline: DispatchTime, _ work: @escaping @Sendable () -> Value
    ) -> Value? {
        let outcome = Outcome<Value>()
        queue.unfinished.add(1, ordering: .relaxed)
        let accepted = submit { [queue] in
            if !outcome.isAbandoned.isSet {
                let value = work()
                outcome.value.withLock { $0 = value }
            }
            // Before somebody wakes up who may ask for more: a thread of idle priority may not go on for long then.
            queue.unfinished.subtract(1, ordering: .relaxed)
            outcome.isThere.signal()
        }
        guard accepted else {
            queue.unfinished.subtract(1, ordering: .relaxed)
            return nil
        }
        guard outcome.isThere.wait(timeout: deadline) == .success else {
            outcome.isAbandoned.set()
            return nil
        }
        return outcome.value.withLock(\.self)
    }
}

/// What `run` waits for.
private final class Outcome<Value: Sendable>: Sendable {
    let isAbandoned = CancellationFlag()
    let isThere = DispatchSemaphore(value: 0)
    /// Written before the signal, read after it.
    let value = Mutex<Value?>(nil)
}

/// What a thread owns.
private final class ThreadContext: Sendable {
    private let queue: JobQueue
    private let idle: Bool

    init(queue: JobQueue, idle: Bool) {
        self.queue = queue
        self.idle = idle
    }

    func run() {
        guard idle else {
            while let job = queue.next() { job() }
            return
        }
        // Of the calling thread alone. Everybody may do it; where it is refused all the same, the thread just runs.
        var parameters = sched_param(sched_priority: 0)
        _ = sched_setscheduler(0, WorkerThreads.idlePolicy, &parameters)
        let timer = RestTimer()
        while let job = queue.next() { timer.run(job) }
    }
}

/// The system has refused a thread.
package struct ThreadError: Error, CustomStringConvertible {
    let message: String

    package var description: String { message }
}
