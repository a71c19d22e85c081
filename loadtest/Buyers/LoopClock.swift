import CoreFoundation  // whose module the compiler takes for that of `timespec` in release builds
import Foundation

/// Whether an event loop has time left, from the kernel's account of its thread: what it ran and how long it stood in
/// line for a processor. Processor time alone would call a loop idle that others keep off the processor.
struct LoopClock: Sendable {
    /// The kernel's account of a thread, in nanoseconds.
    struct Account: Equatable, Sendable {
        var ran: Instant
        var waited: Instant

        /// Of the calling thread, from `/proc/thread-self/schedstat` (`Documentation/scheduler/sched-stats.rst`); by
        /// processor time alone where the kernel keeps none.
        static func current() -> Account {
            if let text = try? String(contentsOfFile: "/proc/thread-self/schedstat", encoding: .ascii) {
                let numbers = text.split(separator: " ").compactMap { Instant($0) }
                if numbers.count >= 2 { return Account(ran: numbers[0], waited: numbers[1]) }
            }
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Account(ran: Instant(time.tv_sec) * 1_000_000_000 + Instant(time.tv_nsec), waited: 0)
        }
    }

    /// Share of a window above which nothing more would have fitted into it.
    static let busyShare = 0.9
    /// Shorter windows would be decided by single scheduling slices of a few milliseconds.
    static let window: Instant = 100_000_000

    private var begin: Instant
    private var account: Account
    /// The last whole window had no time left.
    private(set) var isBusy = false

    init(at now: Instant, _ account: Account) {
        self.begin = now
        self.account = account
    }

    /// Whether it is time for `note`.
    func isOver(at now: Instant) -> Bool { now - begin >= Self.window }

    mutating func note(_ next: Account, at now: Instant) {
        let used = Double(next.ran - account.ran + next.waited - account.waited)
        isBusy = used >= Self.busyShare * Double(max(1, now - begin))
        begin = now
        account = next
    }
}
