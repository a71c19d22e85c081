import Foundation
import Synchronization

/// Runs many seeds, on some threads; each run is on one of them.
struct Sweep: Sendable {
    struct Result: Sendable {
        var runs = 0
        var failures = 0
        var events = 0
        var jobs = 0
        var kinds: [String: Int] = [:]
        /// Of all runs, in whatever order they were made.
        var hash: UInt64 = 0
    }

    let seeds: ClosedRange<UInt64>
    let control: Control?
    let threads: Int
    let stopsAtFailure: Bool

    private final class Progress: Sendable {
        let state: Mutex<(next: UInt64, result: Result)>
        init(from first: UInt64) { state = Mutex((first, Result())) }
    }

    /// - Parameter onFailure: Called for each run that broke an invariant.
    func run(_ onFailure: @escaping @Sendable (Simulation.Report) -> Void) -> Result {
        let progress = Progress(from: seeds.lowerBound)
        let done = DispatchGroup()
        for _ in 0..<max(1, threads) {
            done.enter()
            let thread = Thread {
                while let seed = take(progress) {
                    let report = Simulation(seed: seed, control: control).run()
                    if report.violation != nil { onFailure(report) }
                    progress.state.withLock { state in
                        state.result.runs += 1
                        state.result.events += report.events
                        state.result.jobs += report.jobs
                        state.result.hash ^= report.hash
                        state.result.kinds.merge(report.kinds, uniquingKeysWith: +)
                        if report.violation != nil { state.result.failures += 1 }
                    }
                }
                done.leave()
            }
            // Destruction of long chains of tasks is recursive.
            thread.stackSize = 8 << 20
            thread.start()
        }
        done.wait()
        return progress.state.withLock { $0.result }
    }

    private func take(_ progress: Progress) -> UInt64? {
        progress.state.withLock { state in
            guard state.next <= seeds.upperBound, !(stopsAtFailure && state.result.failures > 0) else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
