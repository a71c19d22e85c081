import Testing

@testable import Simulation

struct SchedulerTests {
    private final class Log: @unchecked Sendable {
        var lines: [String] = []
        var isDone = false
    }

    /// Runs `body` as a world's only task; everything happens on this thread.
    private func run(_ body: @escaping @Sendable (Scheduler, SimulatedProcess, Log) async -> Void) throws -> Log {
        let scheduler = Scheduler(seed: 1)
        let process = SimulatedProcess("test", scheduler)
        let log = Log()
        Task(executorPreference: process) {
            await body(scheduler, process, log)
            log.isDone = true
        }
        try scheduler.run { log.isDone }
        return log
    }

    @Test func `Time jumps to the next timer, and sleepers wake in its order`() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let log = try run { scheduler, _, log in
            await withTaskGroup { group in
                for seconds in [3_000, 1_000, 2_000] {
                    group.addTask {
                        try? await scheduler.sleep(.seconds(seconds))
                        log.lines.append("\(seconds) at \(scheduler.now / 1_000_000_000)")
                    }
                }
            }
        }
        #expect(log.lines == ["1000 at 1000", "2000 at 2000", "3000 at 3000"])
        #expect(clock.now - start < .seconds(900))
    }

    @Test func `A cancelled sleep ends at once, before it began as well as after`() throws {
        let log = try run { scheduler, _, log in
            await withTaskGroup { group in
                group.addTask {
                    do { try await scheduler.sleep(.seconds(10)) } catch { log.lines.append("cancelled") }
                    do { try await scheduler.sleep(.seconds(10)) } catch { log.lines.append("cancelled again") }
                }
                await scheduler.wait(.seconds(1))
                group.cancelAll()
            }
            log.lines.append("\(scheduler.now / 1_000_000_000)")
        }
        #expect(log.lines == ["cancelled", "cancelled again", "1"])
    }

    @Test func `A process that is stopped does nothing until it goes on`() throws {
        let log = try run { scheduler, _, log in
            let other = SimulatedProcess("other", scheduler)
            let task = Task(executorPreference: other) {
                for _ in 0..<3 {
                    try? await scheduler.sleep(.seconds(1))
                    log.lines.append("\(scheduler.now / 1_000_000_000)")
                }
            }
            await scheduler.wait(.milliseconds(1_500))
            other.pause(for: .seconds(5))
            await task.value
        }
        #expect(log.lines == ["1", "6", "7"])
    }

    @Test func `A world in which everybody waits for ever is reported`() {
        #expect(throws: Scheduler.Failure.stuck) {
            try run { _, _, _ in
                // Never resumed, which is the point: the task is left behind.
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
        }
    }

    @Test func `Jobs that are ready run in an order that the seed decides`() {
        func order(seed: UInt64) -> [Int] {
            let scheduler = Scheduler(seed: seed)
            let process = SimulatedProcess("test", scheduler)
            let log = Log()
            for number in 0..<8 { Task(executorPreference: process) { log.lines.append("\(number)") } }
            try? scheduler.finish()
            return log.lines.compactMap { Int($0) }
        }
        #expect(order(seed: 1) == order(seed: 1))
        #expect(order(seed: 1).sorted() == Array(0..<8))
        #expect(Set((1...20).map { order(seed: $0) }).count > 10)
    }
}
