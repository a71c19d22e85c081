import Foundation
import InventoryStore
import TestSupport
import Testing

/// The scripts and the model must say and leave the same, whatever comes in whatever order.
struct RandomOperationTests {
    /// `ONSALE_RANDOM_SEEDS` runs more of them than the 20 of an ordinary run, and `ONSALE_RANDOM_FIRST_SEED` others.
    private static var seeds: [UInt64] {
        let variables = ProcessInfo.processInfo.environment
        let first = variables["ONSALE_RANDOM_FIRST_SEED"].flatMap { UInt64($0) } ?? 1
        let count = variables["ONSALE_RANDOM_SEEDS"].flatMap { UInt64($0) } ?? 20
        return Array(first..<(first + count))
    }

    private static let configuration = InventoryConfiguration(backlogLimit: OperationGenerator.backlogLimit)

    @Test("Redis and the model agree on every answer and on the whole state after each of 500 random operations")
    func agreement() async throws {
        try await Fixture.run(configuration: Self.configuration) { fixture in
            for seed in Self.seeds {
                do {
                    try await RandomRun.compare(on: fixture, seed: seed, count: 500)
                } catch let difference as RandomRun.Difference {
                    Issue.record("\(difference)")
                }
            }
        }
    }

    @Test("A model that breaks one rule is found out", arguments: RandomRun.BrokenRule.allCases)
    func negativeControl(_ rule: RandomRun.BrokenRule) async throws {
        try await Fixture.run(configuration: Self.configuration) { fixture in
            var found: RandomRun.Difference?
            for seed in UInt64(1)...10 where found == nil {
                do {
                    try await RandomRun.compare(on: fixture, seed: seed, count: 500, brokenRule: rule)
                } catch let difference as RandomRun.Difference { found = difference }
            }
            #expect(found != nil, "no seed noticed that \(rule.rawValue)")
        }
    }
}
