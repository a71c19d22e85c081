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

    /// A data folder is of no use here, and waiting for the disk takes most of the time.
    private static var withoutDisk: RedisServer.Options {
        var options = RedisServer.Options()
        options.arguments = ["--appendonly", "no"]
        return options
    }

    @Test("Redis and the model agree on every answer and on the whole state after each of 500 random operations")
    func agreement() async throws {
        try await Fixture.run(Self.withoutDisk, configuration: Self.configuration) { fixture in
            var seen: Set<String> = []
            for seed in Self.seeds {
                do {
                    seen.formUnion(try await RandomRun.compare(on: fixture, seed: seed, count: 500))
                } catch let difference as RandomRun.Difference {
                    Issue.record("\(difference)")
                }
            }
            #expect(Self.wanted.subtracting(seen).sorted() == [], "never came up")
        }
    }

    /// What 20 seeds must have met, so that agreement means something.
    private static let wanted: Set<String> = [
        "reserve accepted", "reserve replay", "reserve reusedKey", "reserve soldOut", "reserve limitExceeded",
        "reserve notOpen", "reserve closed", "reserve paused", "reserve cold", "reserve busy",
        "reserve unexpectedReply", "read 0", "read 1", "read 3", "claim found", "claim lost", "acknowledge 0",
        "acknowledge 1", "acknowledge 3", "release released", "release already", "release wait", "release stale",
        "load loaded", "load wait", "load current", "loadAlone WAIT", "loadAlone LOADED", "fill true", "fill false",
        "amend amended", "amend current", "amend cold", "amend quiet", "look none", "inspect stock", "inspect absent",
        "inspect filling", "inspect crowded", "reserve ask", "reject rejected", "reject gone",
        "reject fenced", "retake taken(epoch:", "retake soldOut", "retake limitExceeded", "retake wait",
        "retake fenced", "load fenced", "mark marked", "mark current", "mark fenced",
        "mark empty", "mark restarted", "recover recovered(sequence:", "recover known", "recover soldOut(available:",
        "recover limitExceeded(limit:",
    ]

    @Test("A model that breaks one rule is found out", arguments: RandomRun.BrokenRule.allCases)
    func negativeControl(_ rule: RandomRun.BrokenRule) async throws {
        try await Fixture.run(Self.withoutDisk, configuration: Self.configuration) { fixture in
            var found: RandomRun.Difference?
            for seed in UInt64(1)...10 where found == nil {
                do {
                    try await RandomRun.compare(on: fixture, seed: seed, count: 500, brokenRule: rule)
                } catch let difference as RandomRun.Difference { found = difference }
            }
            #expect(found != nil, "no seed noticed that \(rule.rawValue)")
        }
    }

    @Test("On a cluster node that holds every slot, Redis and the model agree as well")
    func cluster() async throws {
        var options = Self.withoutDisk
        options.arguments += ["--cluster-enabled", "yes", "--cluster-port", "\(try freePort())"]
        try await Fixture.run(options, configuration: Self.configuration) { fixture in
            try await fixture.makeCluster()
            for seed in UInt64(1)...2 { try await RandomRun.compare(on: fixture, seed: seed, count: 500) }
        }
    }
}
