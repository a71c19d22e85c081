import Foundation
import RedisClient
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
    private var liveNames = EntryNames()
    private var modelNames = EntryNames()
    /// When each operation began and ended, by its beginning.
    private var times: [Int64: Int64] = [:]
    private var lastTime: Int64 = 0

    /// Runs `count` operations; throws the first difference.
    static func compare(
        on fixture: Fixture, seed: UInt64, count: Int, brokenRule: BrokenRule? = nil
    ) async throws {
        try await fixture.command("FLUSHALL")
        let memory = InMemoryInventoryStore(partitioning: Partitioning(count: 1), configuration: fixture.inventory.configuration)
        var run = RandomRun(fixture: fixture, memory: memory, seed: seed, brokenRule: brokenRule)
        try await withReaders(of: fixture.lane) { liveReaders in
            try await withReaders(of: memory) { modelReaders in
                for step in 0..<count { try await run.step(step, seed: seed, liveReaders, modelReaders) }
            }
        }
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
        _ step: Int, seed: UInt64, _ liveReaders: [String: some IntentReader], _ modelReaders: [String: some IntentReader]
    ) async throws {
        let operation = generator.next()
        while RandomRun.wallClock <= lastTime { try await Task.sleep(for: .milliseconds(1)) }
        lastTime = RandomRun.wallClock
        memory.setTime(lastTime)

        let live = try await liveOutcome(of: operation, liveReaders)
        times[lastTime] = RandomRun.wallClock
        let model = try await modelOutcome(of: operation, modelReaders)
        let where_ = "seed \(seed), step \(step), \(operation)"
        guard live == model else {
            throw Difference(description: "\(where_):\n  Redis answered \(live)\n  the model    \(model)")
        }
        let differences = try await differences()
        guard differences.isEmpty else {
            throw Difference(description: "\(where_): \(live)\n  " + differences.joined(separator: "\n  "))
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
            if name.hasSuffix(" created") || name.hasSuffix(" updated"), let text = model[name], let begin = Int64(text),
                let end = times[begin], let time = live[name].flatMap({ Int64($0) }), (begin...end).contains(time)
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

/// How an operation is done on either side, and what came of it as text that is the same for both.
extension RandomRun {
    private func liveOutcome(of operation: Operation, _ readers: [String: some IntentReader]) async throws -> String {
        switch operation {
        case .fill(let event, let epoch, let isFirst, let page):
            let keys = InventoryKeys(.first)
            let reply = try await fixture.redis.send(
                InventoryScripts.fill.command(
                    keys: [.init(keys.event(event)), .init(keys.buyers(event))],
                    arguments: [.init(epoch), isFirst ? "1" : "0"]
                        + page.flatMap { [.init($0.user.description), .init($0.units)] }))
            return reply.array?.first?.string == "FILLED" ? "true" : "false"
        case .loadAlone(let stock):
            let keys = InventoryKeys(.first)
            let reply = try await fixture.redis.send(
                InventoryScripts.load.command(
                    keys: [.init(keys.event(stock.event)), .init(keys.intents)],
                    arguments: [.init(stock.epoch), stock.epoch > 1 ? "1" : "0", .init(stock.available)]
                        + stock.terms.arguments + [.init(stock.terms.revision)]))
            return reply.array?.first?.string ?? "\(reply)"
        case .appendUnreadable(let fields):
            _ = try await fixture.redis.send(
                RedisCommand(arguments: ["XADD", "{p00}:intents", "*"] + fields.map { RedisArgument($0) }))
            return ""
        case .lose(let entry):
            try await fixture.command("XDEL", "{p00}:intents", liveNames.ids[entry])
            return ""
        case .empty:
            try await fixture.command("FLUSHALL")
            return ""
        default:
            return try await RandomRun.outcome(
                of: operation, fixture.inventory, fixture.lane, readers, liveNames)
        }
    }

    private func modelOutcome(of operation: Operation, _ readers: [String: some IntentReader]) async throws -> String {
        try breakRule(before: operation)
        switch operation {
        case .fill(let event, let epoch, let isFirst, let page):
            return try memory.with(.first) { model, _ in
                "\(model.fill(event, epoch: epoch, isFirst: isFirst, page))"
            }
        case .loadAlone(let stock):
            return try memory.with(.first) { model, _ in
                model.load(stock.event, epoch: stock.epoch, available: stock.available, stock.terms).rawValue
            }
        case .appendUnreadable(let fields):
            try memory.appendUnreadable(fields, to: .first)
            return ""
        case .lose(let entry):
            try memory.with(.first) { model, _ in model.intents.lose(StreamEntryID(modelNames.ids[entry])) }
            return ""
        case .empty:
            memory.empty()
            return ""
        default:
            return try await RandomRun.outcome(of: operation, memory, memory, readers, modelNames)
        }
    }

    private static func outcome(
        of operation: Operation, _ inventory: some InventoryStore, _ lane: some LaneStore,
        _ readers: [String: some IntentReader], _ names: EntryNames
    ) async throws -> String {
        func id(_ entry: Int) -> StreamEntryID { StreamEntryID(names.ids[entry]) }
        func text(_ deliveries: [IntentDelivery]) -> String {
            deliveries.map { "\(names[$0.entry.text]) \($0.intent.map { "\($0)" } ?? "unreadable")" }.description
        }
        switch operation {
        case .reserve(let reservation):
            do { return text(try await inventory.reserve(reservation)) } catch { return "\(error.code)" }
        case .read(let consumer, let limit):
            guard let reader = readers[consumer] else { return "" }
            return text(try await reader.next(limit: limit, wait: .zero))
        case .claim(let consumer, let fromPage, let limit):
            guard let reader = readers[consumer] else { return "" }
            var page = try await reader.pending(after: "0-0", limit: limit)
            if fromPage, page.cursor != "0-0" { page = try await reader.pending(after: page.cursor, limit: limit) }
            let cursor = page.cursor == "0-0" ? "end" : names[page.cursor]
            return "\(text(page.deliveries)) lost \(page.lost.map { names[$0.text] }) then \(cursor)"
        case .acknowledge(let entries, let rate):
            return "\(try await lane.acknowledge(entries.map(id), in: .first, drainRate: rate))"
        case .reject(let entry, let intent, let settled, let note):
            try await lane.reject(
                Rejection(entry: id(entry), intent: intent, settled: settled, note: note), in: .first)
            return ""
        case .publish(let orders):
            try await lane.publish(orders, in: .first)
            return ""
        case .release(let release): return "\(try await lane.release(release))"
        case .load(let stock): return "\(try await lane.load(stock))"
        case .amend(let event, let terms): return "\(try await lane.amend(event, terms))"
        case .setMark(let mark):
            try await lane.setMark(mark, of: .first)
            return ""
        case .look(let order, let event):
            let record = try await inventory.order(order).map(text)
            let progress = try await inventory.progress(of: .first)
            var users: [String] = []
            try await inventory.buyers(of: event) { users += $0.map(\.description) }
            return """
                \(record ?? "none") \(progress) \(String(describing: try await inventory.stock(of: event))) \
                \(users.sorted()) \(try await lane.mark(of: .first) ?? "no mark") \(try await lane.backlog(of: .first))
                """
        case .fill, .loadAlone, .appendUnreadable, .lose, .empty: return ""
        }
    }

    /// Times are compared with the state; how long it is to the opening depends on the clock.
    private static func text(_ outcome: ReservationOutcome) -> String {
        switch outcome {
        case .replay(let record): "replay of \(text(record))"
        case .refused(.notOpen(let opensIn), let known): "not open, time set: \(opensIn != nil), known: \(known)"
        case .accepted, .refused: "\(outcome)"
        }
    }

    private static func text(_ record: OrderRecord) -> String {
        """
        \(record.id) \(record.user) \(record.event) \(record.quantity) \(record.paymentMethod) \(record.total) \
        \(record.status) \(record.reason?.rawValue ?? "") \(record.sequence) \(record.tickets.map(\.text))
        """
    }
}

extension RandomRun {
    /// Changes the model so that the operation breaks the rule under test.
    private func breakRule(before operation: Operation) throws {
        guard let brokenRule else { return }
        let names = modelNames
        try memory.with(.first) { model, now in
            switch (brokenRule, operation) {
            case (.stockBeforeLimit, .reserve(let wish)):
                // Units are gone although the buyer's limit refuses.
                if case .loaded(var stock) = model.events[wish.event], model.orders[wish.order] == nil,
                    stock.terms.state == .open, wish.quantity > 0,
                    (model.buyers[wish.event]?[wish.user] ?? 0) > stock.terms.limit - min(wish.quantity, 100)
                {
                    stock.available -= min(wish.quantity, 100)
                    model.events[wish.event] = .loaded(stock)
                }
            case (.replayOfAnyBody, .reserve(let wish)):
                if model.orders[wish.order]?.record?.quantity != wish.quantity { model.orders[wish.order] = nil }
            case (.releaseTwice, .release(let release)):
                model.orders[release.order]?.isReleased = false
            case (.acknowledgeCountsAgain, .acknowledge(let entries, _)):
                let present = Set(model.intents.entries.map(\.position.id.text))
                model.committed += Int64(Set(entries).count { !present.contains(names.ids[$0]) })
            case (.publishMovesBack, .publish(let orders)):
                for settled in orders where model.orders[settled.id]?.record?.status == .refunded {
                    model.orders[settled.id]?.record = nil
                }
            case (.loadIgnoresStream, .load):
                model.intents.remove(model.intents.entries.map(\.position.id))
            case (.amendForgetsDifference, .amend(let event, let terms)):
                if case .loaded(var stock) = model.events[event], stock.terms.revision < terms.revision {
                    stock.available -= terms.total - stock.terms.total
                    model.events[event] = .loaded(stock)
                }
            case (.rejectTakesNothingBack, .reject(_, let intent?, _, _)):
                if case .loaded(var stock) = model.events[intent.event] {
                    stock.available -= intent.quantity
                    model.events[intent.event] = .loaded(stock)
                }
            case (.oldLoadWins, .load(let load)): model.events[load.event] = nil
            case (.buyerForgottenAtZero, .release(let release)):
                if model.buyers[release.event]?[release.user] == 0 {
                    model.buyers[release.event]?[release.user] = nil
                }
            default: break
            }
            _ = now
        }
    }
}
