import Glibc

/// Has the thread that made it rest, while it computes, for as long as others want its processor.
///
/// Idle priority alone is not courtesy enough: the thread then uses up what the others leave, a fifth of a processor beside
/// a sale at half of what two take, and purchases are accepted later for it. The rest is slept in a signal handler,
/// because the computation is one call into a library. Whatever keeps the thread from its processor counts as others: also
/// a hypervisor, a quota, and more such threads than there are processors. Linux only: `SIGEV_THREAD_ID`,
/// timer_create(2).
final class RestTimer {
    /// How often the thread is looked at, in nanoseconds.
    private static let period = 1_000_000
    /// What the thread computes at least before it rests, in nanoseconds. The library has its memory by then: a rest in
    /// malloc(3) would be slept with a lock that other threads may want. When the computation ends it asks for a little
    /// again; a lock held in those microseconds may be held for the longest rest.
    private static var shortestWork: Int { 200_000 }
    /// The longest rest in nanoseconds. There is a signal for about each millisecond of work, so most are shorter.
    private static var longestRest: Int { 50_000_000 }

    private let mark = UnsafeMutablePointer<Mark>.allocate(capacity: 1)
    /// Nil is a timer, too: the first of a process.
    private var timer: timer_t?
    /// False where the system has no timer to give; the thread computes without rests then.
    private let hasTimer: Bool

    init() {
        mark.initialize(to: Mark())
        guard let thread = Self.currentThread else {
            hasTimer = false
            return
        }
        _ = Self.handler
        // A thread of Dispatch blocks all signals, and what it starts inherits that.
        var signals = sigset_t()
        sigaddset(&signals, Self.signal)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        var event = sigevent()
        event.sigev_notify = Int32(SIGEV_THREAD_ID)
        event.sigev_signo = Self.signal
        event._sigev_un._tid = thread
        event.sigev_value.sival_ptr = UnsafeMutableRawPointer(mark)
        hasTimer = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0
    }

    deinit {
        if hasTimer { timer_delete(timer) }
        mark.deallocate()
    }

    /// Runs `job` with its rests, on the thread that made this object.
    func run(_ job: () -> Void) {
        mark.pointee = Mark()
        mark.pointee.set()
        set(period: Self.period)
        // The call that stops the timer delivers a signal still pending: none comes later, with a lock of the queue held.
        defer { set(period: 0) }
        job()
    }

    private func set(period: Int) {
        guard hasTimer else { return }
        let period = timespec(tv_sec: 0, tv_nsec: period)
        var setting = itimerspec(it_interval: period, it_value: period)
        timer_settime(timer, 0, &setting, nil)
    }

    /// How long to rest after a time in which the thread may have waited for its processor: ten times the wait, and no
    /// longer than ten times the work. That bounds the rests of a computation, and spreads them evenly. All in nanoseconds.
    /// A wait for up to a quarter of the time is let pass, for timers and interrupts.
    ///
    /// - Returns: Nil when it is too early to rest: what comes until the next signal is judged with it.
    static func rest(elapsed: Int, computed: Int) -> Int? {
        guard computed >= shortestWork else { return nil }
        let waited = elapsed - computed
        return waited > elapsed / 4 ? min(10 * waited, 10 * computed, longestRest) : 0
    }

    /// The system's number for the calling thread, from proc(5): Swift's Glibc does not show `gettid`.
    private static var currentThread: pid_t? {
        var target = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/thread-self", &target, target.count)
        let path = String(decoding: target.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.split(separator: "/").last.flatMap { pid_t($0) }
    }

    /// The first that programs may use; nothing else in the process does.
    private static let signal = __libc_current_sigrtmin()

    /// Installed once, for the process. Calls only what signal-safety(7) allows.
    private static let handler: Void = {
        var action = sigaction()
        action.sa_flags = SA_SIGINFO | SA_RESTART
        action.__sigaction_handler.sa_sigaction = { _, info, _ in
            // Anybody may send the signal; only the timer's carries a mark. SI_TIMER is -2 in asm-generic/siginfo.h.
            guard let info, info.pointee.si_code == -2, let mark = info.pointee._sifields._rt.si_sigval.sival_ptr
            else { return }
            let error = errno
            mark.assumingMemoryBound(to: Mark.self).pointee.rest()
            errno = error
        }
        sigaction(signal, &action, nil)
    }()
}

/// When a thread last rested or had no reason to, in nanoseconds.
private struct Mark {
    private var clock = 0
    /// The processor time it had had by then.
    private var processor = 0

    mutating func set() {
        clock = Self.nanoseconds(CLOCK_MONOTONIC)
        processor = Self.nanoseconds(CLOCK_THREAD_CPUTIME_ID)
    }

    mutating func rest() {
        let elapsed = Self.nanoseconds(CLOCK_MONOTONIC) - clock
        let computed = Self.nanoseconds(CLOCK_THREAD_CPUTIME_ID) - processor
        guard let rest = RestTimer.rest(elapsed: elapsed, computed: computed) else { return }
        if rest > 0 {
            var time = timespec(tv_sec: 0, tv_nsec: rest)
            nanosleep(&time, nil)
        }
        set()
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
