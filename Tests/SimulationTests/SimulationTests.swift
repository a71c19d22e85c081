import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Simulation

/// A few hundred of the runs that `make simulate` makes ten thousand of.
struct SimulationTests {
    private static let kinds =
        Plan.Mishap.allCases.map { "\($0.name)" } + [
            "dies", "stops", "arrives late", "litters", "change", "lease", "renew", "give up", "read", "claim",
            "commit", "refuse", "reject", "acknowledge", "publish", "settle", "unpublished", "states", "expired", "end",
            "refund", "refunded", "not sent", "release", "end holds", "retake", "confirm", "mark", "amend",
            "begin load",
            "load", "inspect", "books", "statuses", "captured", "reserve", "recover", "cancel", "cancel uncommitted",
        ]

    @Test func `Whatever befalls a sale, every invariant holds`() {
        let failures = Mutex<[String]>([])
        let result = Sweep(seeds: 1...300, control: nil, threads: 2, stopsAtFailure: true).run { report in
            failures.withLock { $0.append(report.summary) }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(result.runs == 300)
        // What the runs never come by, they prove nothing about.
        for kind in Self.kinds { #expect(result.kinds[kind] ?? 0 > 0, "no run had: \(kind)") }
    }

    @Test(arguments: Control.allCases)
    func `A rule that is broken on purpose is reported`(control: Control) throws {
        let failures = Mutex<[Violation]>([])
        _ = Sweep(seeds: 1...1_000, control: control, threads: 1, stopsAtFailure: true).run { report in
            if let violation = report.violation { failures.withLock { $0.append(violation) } }
        }
        let first = failures.withLock { $0.first }
        let violation = try #require(first, "no run noticed")
        #expect(control.invariants.contains(violation.invariant), "\(violation)")
    }

    @Test func `A seed gives the same run each time, and seeds give different ones`() {
        let hashes = (1...20).map { Simulation(seed: $0).run().hash }
        #expect(hashes == (1...20).map { Simulation(seed: $0).run().hash })
        #expect(Set(hashes).count == hashes.count)
    }

    @Test func `A seed gives the same run in another process`() throws {
        for seed: UInt64 in [3, 17, 54, 241] {
            let process = Process()
            let output = Pipe()
            process.executableURL = URL(filePath: builtProgram("simulate"))
            process.arguments = ["--seed", "\(seed)"]
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(text.hasSuffix("\(Simulation(seed: seed).run().summary)\n"))
        }
    }

    @Test func `A run that fails names its seed, and fails in the same way again`() throws {
        let reports = Mutex<[Simulation.Report]>([])
        _ = Sweep(seeds: 1...1_000, control: .reserveThenQueue, threads: 1, stopsAtFailure: true).run { report in
            reports.withLock { $0.append(report) }
        }
        let first = reports.withLock { $0.first }
        let report = try #require(first)
        #expect(report.summary.contains("--seed \(report.seed)"))
        let lines = Mutex(0)
        let again = Simulation(seed: report.seed, control: .reserveThenQueue).run { _ in lines.withLock { $0 += 1 } }
        #expect(again.violation?.description == report.violation?.description)
        #expect(again.hash == report.hash)
        #expect(lines.withLock { $0 } >= again.events)
    }
}
