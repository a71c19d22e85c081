import RedisClient
import Ticketing

@testable import InventoryStore

/// How an operation is done on either side, and what came of it as text that is the same for both.
extension RandomRun {
    private var lifetime: RedisArgument { RedisArgument(Int(InventoryModel.finalRecordLifetime)) }

    func liveOutcome(of operation: Operation, _ readers: [String: some IntentReader]) async throws -> String {
        switch operation {
        case .fill(let event, let epoch, let isFirst, let page):
            let keys = InventoryKeys(.first)
            let reply = try await fixture.redis.send(
                InventoryScripts.fill.command(
                    keys: [.init(keys.event(event)), .init(keys.buyers(event)), .init(keys.intents)],
                    arguments: [.init(epoch), isFirst ? "1" : "0"]
                        + page.flatMap { [.init($0.user.description), .init($0.units)] }))
            return reply.array?.first?.string == "FILLED" ? "true" : "false"
        case .loadAlone(let stock, let lane):
            let keys = InventoryKeys(.first)
            let reply = try await fixture.redis.send(
                InventoryScripts.load.command(
                    keys: [
                        .init(keys.event(stock.event)), .init(keys.intents), .init(keys.buyers(stock.event)),
                        .init(keys.progress),
                    ],
                    arguments: [.init(stock.epoch), stock.epoch > 1 ? "1" : "0", .init(stock.available)]
                        + stock.terms.arguments
                        + [.init(stock.terms.revision), .init(stock.buyers.count), .init(lane), lifetime]))
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
        case .restart:
            // What the keys look like to a server process that did not write them.
            try await fixture.command(
                "EVAL",
                """
                for _, key in ipairs(redis.call('KEYS', '*')) do
                    if redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, 'run') == 1 then
                        redis.call('HSET', key, 'run', 'another')
                    end
                end
                """, "0")
            return ""
        default:
            return try await RandomRun.outcome(
                of: operation, fixture.inventory, fixture.lane, readers, liveNames)
        }
    }

    func modelOutcome(of operation: Operation, _ readers: [String: some IntentReader]) async throws -> String {
        try breakRule(before: operation)
        switch operation {
        case .fill(let event, let epoch, let isFirst, let page):
            return try memory.with(.first) { model, _ in
                "\(model.fill(event, epoch: epoch, isFirst: isFirst, page))"
            }
        case .loadAlone(let stock, let lane):
            return try memory.with(.first) { model, now in
                model.load(stock, laneEpoch: lane, now: now).rawValue
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
        case .restart:
            memory.restart()
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
        func list(_ deliveries: [IntentDelivery]) -> String {
            "\(deliveries.count) "
                + deliveries.map { "\(names[$0.entry.text]) \($0.intent.map { "\($0)" } ?? "unreadable")" }.description
        }
        switch operation {
        case .reserve(let reservation):
            do throws(InventoryError) { return text(try await inventory.reserve(reservation)) } catch {
                return "\(error.code)"
            }
        case .recover(let intent): return "\(try await inventory.recover(intent))"
        case .read(let consumer, let limit):
            guard let reader = readers[consumer] else { return "" }
            return list(try await reader.next(limit: limit, wait: .zero))
        case .claim(let consumer, let fromPage, let limit):
            guard let reader = readers[consumer] else { return "" }
            var page = try await reader.pending(after: "0-0", limit: limit)
            if fromPage, page.cursor != "0-0" { page = try await reader.pending(after: page.cursor, limit: limit) }
            return
                "\(page.lost.isEmpty ? "found" : "lost") \(list(page.deliveries)) lost \(page.lost.map { names[$0.text] }) then \(names[page.cursor])"
        case .acknowledge(let entries, let rate):
            return "\(try await lane.acknowledge(entries.map(id), in: .first, drainRate: rate))"
        case .reject(let entry, let intent, let settled, let note, let epoch):
            let rejection = Rejection(entry: id(entry), intent: intent, settled: settled, note: note)
            return "\(try await lane.reject(rejection, under: Lease(partition: .first, epoch: epoch)))"
        case .publish(let orders):
            try await lane.publish(orders, in: .first)
            return ""
        case .deferToPostgres(let order):
            try await inventory.deferToPostgres(order)
            return ""
        case .retake(let intent, let epoch):
            return "\(try await lane.retake(intent, under: Lease(partition: .first, epoch: epoch)))"
        case .release(let release): return "\(try await lane.release(release))"
        case .load(let stock, let epoch):
            return "\(try await lane.load(stock, under: Lease(partition: .first, epoch: epoch)))"
        case .amend(let event, let terms, let grace): return "\(try await lane.amend(event, terms, grace: grace))"
        case .mark(let epoch): return "\(try await lane.mark(Lease(partition: .first, epoch: epoch)))"
        case .look(let order, let event):
            let record = try await inventory.order(order).map(text)
            let progress = try await inventory.progress(of: .first)
            var users: [String] = []
            try await inventory.buyers(of: event) { users += $0.map(\.description) }
            return """
                \(record ?? "none") \(progress) \(String(describing: try await inventory.stock(of: event))) \
                \(users.sorted()) \(try await lane.backlog(of: .first))
                """
        case .inspect(let inquiry):
            switch try await lane.inspect(inquiry) {
            case .stock(let stock):
                return """
                    stock \(stock.epoch) \(stock.available) \(stock.total) \(stock.returns) \(stock.backlog) \
                    \(stock.unacknowledged) \(names[stock.delivered.text]) \(stock.inFlight) \
                    \(inquiry.buyers.map { stock.held[$0] ?? -2 }) \(inquiry.buyers.map { stock.inFlightOfBuyers[$0] ?? -2 }) \
                    \(stock.released.map(\.description).sorted()) \(stock.retaken.map(\.description).sorted())
                    """
            case .crowded(let backlog): return "crowded \(backlog)"
            case let other: return "\(other)"
            }
        case .fill, .loadAlone, .appendUnreadable, .lose, .empty, .restart: return ""
        }
    }

    /// Times are compared with the state; how long it is to the opening depends on the clock.
    private static func text(_ outcome: ReservationOutcome) -> String {
        switch outcome {
        case .accepted(let sequence, let committed, let price): "accepted \(sequence) \(committed) \(price)"
        case .replay(let record): "replay \(text(record))"
        case .refused(let refusal, let mayBeRecorded): "\(text(refusal)) recorded: \(mayBeRecorded)"
        case .ask: "ask"
        }
    }

    private static func text(_ refusal: Refusal) -> String {
        switch refusal {
        case .reusedKey: "reusedKey"
        case .soldOut(let available): "soldOut \(available)"
        case .limitExceeded(let limit, let held): "limitExceeded \(held) of \(limit)"
        case .notOpen(let opensIn): "notOpen time set: \(opensIn != nil)"
        case .closed: "closed"
        case .paused: "paused"
        case .cold: "cold"
        case .busy: "busy"
        }
    }

    private static func text(_ record: OrderRecord) -> String {
        """
        \(record.id) \(record.user) \(record.event) \(record.quantity) \(record.paymentMethod) \(record.total) \
        \(record.status) \(record.reason?.rawValue ?? "") \(record.sequence) \(record.isDeferred) \(record.tickets.map(\.text))
        """
    }
}
