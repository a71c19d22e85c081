import Foundation
import Testing

@Suite("A sale under chaos", .serialized, .timeLimit(.minutes(20)))
struct ChaosTests {
    /// `make chaos` sets both; the short form runs with all other tests.
    private static let seconds = ProcessInfo.processInfo.environment["CHAOS_SECONDS"].flatMap { Int($0) } ?? 30
    private static let seed = ProcessInfo.processInfo.environment["CHAOS_SEED"].flatMap { UInt64($0) } ?? 1

    @Test("Parts killed, stopped and cut off: every order final, every promise kept, and the full rate back in 5 s")
    func chaos() async throws {
        let report = try await ChaosRun(seed: ChaosTests.seed, seconds: ChaosTests.seconds).run()
        print(report.text)
        #expect(report.violations.isEmpty)
        #expect(report.unknown == 0)
        #expect(report.load.accepted > 0)
        let recovery = try #require(report.secondsToFullRate, "the accept rate never came back")
        #expect(recovery <= 5)
    }

    @Test("Negative control: workers that acknowledge before they commit are found out (P9)")
    func acknowledgingTooEarly() async throws {
        let report = try await ChaosRun(
            seed: 1, seconds: 16, workerSettings: ["FAIL_POINT": "after-acknowledge-before-commit:20"], patience: 3
        ).run()
        #expect(report.load.violations.contains { $0.invariant == "I4" }, "\(report.text)")
    }
}
