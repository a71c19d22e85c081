import Dispatch
import Foundation
import Glibc
import Testing

@testable import Threads

@Suite struct RestTimerTests {
    /// With `idle` threads whose jobs run without the timer, this fails when its time is over.
    @Test func anIdleThreadRestsWhileOthersWantItsProcessor() async throws {
        #expect(try await rests(idle: true, within: .seconds(30)))
    }

    /// What the test before this one counts is not there without the timer.
    @Test func aThreadOfOrdinaryPriorityDoesNotRest() async throws {
        #expect(try await rests(idle: false, within: .milliseconds(300)) == false)
    }

    /// A signal that came later could let the thread rest with the lock of its queue held.
    @Test func noSignalComesAfterTheComputation() async throws {
        let threads = try WorkerThreads(count: 1, queueLimit: 1, idle: false)
        let (during, after) = await withCheckedContinuation { continuation in
            _ = threads.submit {
                let timer = RestTimer()
                var during = false
                timer.run { during = isInterrupted(for: 30_000) }
                continuation.resume(returning: (during, isInterrupted(for: 50)))
            }
        }
        #expect((during, after) == (true, false))
    }

    @Test(arguments: [
        (1_000_000, 1_000_000, 0), (1_000_000, 750_000, 0), (1_000_000, 749_999, 2_500_010),
        (2_000_000, 1_000_000, 10_000_000), (9_000_000, 1_000_000, 10_000_000), (99_000_000, 9_000_000, 50_000_000),
        (3_600_000_000_000, 200_000, 2_000_000), (3_600_000_000_000, 199_999, nil),
    ])
    func aRestIsTenTimesTheWaitAndAtMostTenTimesTheWork(elapsed: Int, computed: Int, rest: Int?) {
        #expect(RestTimer.rest(elapsed: elapsed, computed: computed) == rest)
    }

    /// Whether a thread that computes gives up its processor by itself, beside a thread for each processor that computes
    /// for most of the time.
    private func rests(idle: Bool, within limit: DispatchTimeInterval) async throws -> Bool {
        let isOver = CancellationFlag()
        defer { isOver.set() }
        let count = ProcessInfo.processInfo.activeProcessorCount
        let rivals = try WorkerThreads(count: count, queueLimit: count, idle: false)
        for _ in 0..<count {
            _ = rivals.submit {
                while !isOver.isSet {
                    let pause = DispatchTime.now() + .milliseconds(5)
                    while DispatchTime.now() < pause {}
                    usleep(1_000)  // leaves the idle thread a turn, or it would hardly have anything to rest from
                }
            }
        }
        let threads = try WorkerThreads(count: 1, queueLimit: 1, idle: idle)
        let deadline = DispatchTime.now() + limit
        return await withCheckedContinuation { continuation in
            _ = threads.submit {
                let before = voluntarySwitches()
                var rests = false
                // One may be the wait for a lock of the kernel.
                while !rests, DispatchTime.now() < deadline { rests = voluntarySwitches() >= before + 5 }
                continuation.resume(returning: rests)
            }
        }
    }
}

/// How often the calling thread has given up its processor by itself, getrusage(2).
private func voluntarySwitches() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(1), &usage)  // RUSAGE_THREAD, which Swift's Glibc does not show
    return usage.ru_nvcsw
}

/// Whether a signal ends the calling thread's sleep of so many milliseconds, which no handler lets go on.
private func isInterrupted(for milliseconds: Int) -> Bool {
    var time = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
    return nanosleep(&time, nil) == -1
}
