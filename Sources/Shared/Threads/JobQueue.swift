import Glibc
import Synchronization

/// The queue between `WorkerThreads` and its threads.
///
/// `@unchecked Sendable`: every `var` is touched only while `mutex` is held. `Synchronization` has no
/// condition variable, hence the two of pthread, at fixed addresses until `deinit`.
final class JobQueue: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    /// What `WorkerThreads.run` was asked for and is not over.
    let unfinished = Atomic(0)

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let limit: Int
    private var jobs: [Job?]
    private var head = 0
    private var waiting = 0
    private var isClosed = false

    init(limit: Int) {
        self.limit = limit
        jobs = Array(repeating: nil, count: limit)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }

    var count: Int {
        locked { waiting }
    }

    var isFull: Bool {
        locked { waiting >= limit }
    }

    /// False when the queue is full or closed.
    func append(_ job: @escaping Job) -> Bool {
        locked {
            guard waiting < limit, !isClosed else { return false }
            jobs[(head + waiting) % limit] = job
            waiting += 1
            pthread_cond_signal(filled)
            return true
        }
    }

    /// The next job, waited for; nil when the queue is closed and empty.
    func next() -> Job? {
        locked {
            while waiting == 0 && !isClosed { pthread_cond_wait(filled, mutex) }
            guard waiting > 0 else { return nil }
            let job = jobs[head]
            jobs[head] = nil
            head = (head + 1) % limit
            waiting -= 1
            return job
        }
    }

    func close() {
        locked {
            isClosed = true
            pthread_cond_broadcast(filled)
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
