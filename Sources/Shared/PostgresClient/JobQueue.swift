import DequeModule
import Glibc

/// The jobs that wait for a ``ConnectionExecutor``'s thread, in the order they came.
///
/// `@unchecked Sendable` because every access to the fields is under `lock`.
final class JobQueue: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: Deque<(UnownedJob, ConnectionExecutor)> = []
    private var isClosed = false

    init() {
        lock.initialize(to: pthread_mutex_t())
        arrived.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        pthread_cond_init(arrived, nil)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(lock)
        arrived.deallocate()
        lock.deallocate()
    }

    func append(_ job: UnownedJob, _ executor: ConnectionExecutor) {
        pthread_mutex_lock(lock)
        jobs.append((job, executor))
        pthread_mutex_unlock(lock)
        pthread_cond_signal(arrived)
    }

    /// Waits for a job; nil when the queue was closed and is empty.
    func next() -> (UnownedJob, ConnectionExecutor)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while jobs.isEmpty, !isClosed { pthread_cond_wait(arrived, lock) }
        return jobs.popFirst()
    }

    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_mutex_unlock(lock)
        pthread_cond_signal(arrived)
    }
}
