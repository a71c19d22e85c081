import Foundation
import RedisClient
import Synchronization
import Ticketing

@testable import InventoryStore

/// The same random operations on Redis and on the model, with everything compared after each.
struct RandomRun {
    /// One rule that the model is made to break, to see that the comparison notices.
    enum BrokenRule: String, CaseIterable {
        case stockBeforeLimit, releaseTwice, acknowledgeCountsAgain, publishMovesBack, loadIgnoresStream
        case amendForgetsDifference, rejectTakesNothingBack, oldLoadWins, buyerForgottenAtZero, replayOfAnyBody
    }

    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    let fixture: Fixture
    let memory: InMemoryInventoryStore
    let brokenRule: BrokenRule?
    private var generator: OperationGenerator
    private(set) var liveNames = EntryNames()
    private(set) var modelNames = EntryNames()
    /// Kinds of operations and what came of them.
    private var seen: Set<String> = []
    /// When each operation began and ended, by its beginning.
    private var times: [Int64: Int64] = [:]
    private var lastTime: Int64 = 0

    /// Runs `count` operations and returns the kinds of outcomes it has seen; throws the first difference.
    @discardableResult
    static func compare(
        on fixture: Fixture, seed: UInt64, count: Int, brokenRule: BrokenRule? = nil
    ) async throws -> Set<String> {
        try await fixture.command("FLUSHALL")
        let memory = InMemoryInventoryStore(
            partitioning: Partitioning(count: 1), configuration: fixture.inventory.configuration)
        var run = RandomRun(fixture: fixture, memory: memory, seed: seed, brokenRule: brokenRule)
        try await withReaders(of: fixture.lane) { liveReaders in
            try await withReaders(of: memory) { modelReaders in
                for step in 0..<count { try await run.step(step, seed: seed, liveReaders, modelReaders) }
            }
        }
        return run.seen
    }

    private init(fixture: Fixture, memory: InMemoryInventoryStore, seed: UInt64, brokenRule: BrokenRule?) {
        self.fixture = fixture
        self.memory = memory
        self.brokenRule = brokenRule
        self.generator = OperationGenerator(seed: seed, now: RandomRun.wallClock)
    }

    private static func withReaders<Lane: LaneStore>(
        of lane: Lane, _ body: ([String: Lane.Reader]) async throws -> Void
    ) async throws {
        try await lane.withReader(of: .first, consumer: "a") { a in
            try await lane.withReader(of: .first, consumer: "b") { b in try await body(["a": a, "b": b]) }
        }
    }

    private static var wallClock: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    private mutating func step(
        _ step: Int, seed: UInt64, _ liveReaders: [String: some IntentReader],
        _ modelReaders: [String: some IntentReader]
    ) async throws {
        let operation = generator.next()
        while RandomRun.wallClock <= lastTime { try await Task.sleep(for: .milliseconds(1)) }
        lastTime = RandomRun.wallClock
        memory.setTime(lastTime)

        let live = try await liveOutcome(of: operation, liveReaders)
        times[lastTime] = RandomRun.wallClock
        let model = try await modelOutcome(of: operation, modelReaders)
        let context = "seed \(seed), step \(step), \(operation)"
        guard live == model else {
            throw Difference(description: "\(context):\n  Redis answered \(live)\n  the model    \(model)")
        }
        seen.insert("\(operation.kind) \(live.prefix { $0 != " " })")
        let differences = try await differences()
        guard differences.isEmpty else {
            throw Difference(description: "\(context): \(live)\n  " + differences.joined(separator: "\n  "))
        }
    }

    /// Lines that Redis and the model do not have in common.
    private mutating func differences() async throws -> [String] {
        let liveImage = try await StateImage.live(fixture)
        let modelImage = StateImage(memory.state.withLock { $0.partitions[0] }, now: lastTime)
        liveNames.learn(liveImage.entries)
        modelNames.learn(modelImage.entries)
        noteArrivals()
        let live = liveImage.named(by: liveNames)
        let model = modelImage.named(by: modelNames)
        return Set(live.keys).union(model.keys).sorted().compactMap { name in
            if live[name] == model[name] { return nil }
            let later: Int64? =
                [" created", " updated", " lost"].contains { name.hasSuffix($0) }
                ? 0 : name.hasSuffix(" remembers") ? InventoryModel.finalRecordLifetime : nil
            if let later, let begin = model[name].flatMap({ Int64($0) }).map({ $0 - later }), let end = times[begin],
                let time = live[name].flatMap({ Int64($0) }), (begin...end).contains(time - later)
            {
                return nil
            }
            return "\(name): Redis \(live[name] ?? "nothing"), model \(model[name] ?? "nothing")"
        }
    }

    private mutating func noteArrivals() {
        let entries = memory.state.withLock { $0.partitions[0].intents.entries }
        let numbers = Dictionary(uniqueKeysWithValues: modelNames.ids.enumerated().map { ($1, $0) })
        generator.present = entries.compactMap { numbers[$0.position.id.text] }
        for entry in entries where numbers[entry.position.id.text] == generator.arrived.count {
            generator.arrived.append(entry.intent)
        }
    }
}
