import Foundation
import RedisClient
import Ticketing

@testable import InventoryStore

/// All that stands in a partition, as lines of text that are the same for Redis and for the model.
///
/// Stream ids become the order of their arrival (`EntryNames`); an expiry becomes `expires`; times stay, and are
/// compared as lying within the operation that wrote them.
struct StateImage {
    /// What a line is about, such as `event:<id> available` or `intent #3`, and what stands there.
    var lines: [String: String]
    /// The stream's ids in order.
    var entries: [String]

    /// The live state, read in one step.
    static func live(_ fixture: Fixture) async throws -> StateImage {
        let reply = try await fixture.command("EVAL", reading, "0", "{p00}:", InventoryConfiguration.group)
        return StateImage(text: reply.string ?? "")
    }

    /// Writes each value as `name TAB value`. Streams are read by what they hold, hashes field by field.
    private static let reading = """
        local lines = {}
        local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
        local function add(name, value) lines[#lines + 1] = name .. '\\t' .. value end
        for _, key in ipairs(redis.call('KEYS', '*')) do
            local name = string.gsub(key, '^' .. string.gsub(ARGV[1], '[{}]', '%%%0'), '')
            local kind = redis.call('TYPE', key).ok
            if kind == 'hash' then
                local fields = redis.call('HGETALL', key)
                for i = 1, #fields, 2 do
                    local value = fields[i + 1]
                    if fields[i] == 'run' then value = value == run and 'present' or 'former' end
                    add(name .. ' ' .. fields[i], value)
                end
                if redis.call('PTTL', key) > 0 then add(name .. ' expires', 'yes') end
            elseif name == 'intents' then
                for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
                    add('intent ' .. entry[1], table.concat(entry[2], '|'))
                end
                if #redis.call('XINFO', 'GROUPS', key) > 0 then
                    for _, entry in ipairs(redis.call('XPENDING', key, ARGV[2], '-', '+', 10000)) do
                        add('pending ' .. entry[1], entry[2] .. '|' .. entry[4])
                    end
                end
            elseif name == 'dead' then
                for i, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
                    add('dead ' .. i, table.concat(entry[2], '|'))
                end
            else
                add(name, 'a ' .. kind)
            end
        end
        return table.concat(lines, '\\n')
        """

    private init(text: String) {
        lines = [:]
        entries = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            add(String(parts[0]), String(parts.last ?? ""))
        }
        // Counters that were never written read as zero, and a buyer's list without anyone is none.
        for counter in ["accepted", "committed", "rate"] where lines["progress \(counter)"] == nil {
            lines["progress \(counter)"] = "0"
        }
    }

    private mutating func add(_ name: String, _ value: String) {
        lines[name] = value
        if name.hasPrefix("intent ") { entries.append(String(name.dropFirst(7))) }
    }

    /// The model's state at `now`.
    init(_ model: InventoryModel, now: Int64) {
        lines = [:]
        entries = []
        add("progress accepted", String(model.accepted))
        add("progress committed", String(model.committed))
        add("progress rate", String(model.drainRate))
        if let mark = model.mark { add("progress mark", String(mark)) }
        if let run = model.run { add("progress run", run == model.server ? "present" : "former") }
        if let lost = model.lost { add("progress lost", String(lost)) }
        for (id, event) in model.events { add(id, event, server: model.server) }
        for (event, counts) in model.buyers {
            for (user, units) in counts { add("buyers:\(event) \(user)", String(units)) }
        }
        for id in model.orders.keys { if let order = model.order(id, now: now) { add(id, order) } }
        for entry in model.intents.entries {
            add("intent \(entry.position.id)", entry.fields.joined(separator: "|"))
        }
        for (position, delivery) in model.intents.deliveries {
            add("pending \(position.id)", "\(delivery.consumer)|\(delivery.count)")
        }
        for (index, fields) in model.dead.enumerated() { add("dead \(index + 1)", fields.joined(separator: "|")) }
    }

    private mutating func add(_ id: EventID, _ event: InventoryModel.Event, server: Int) {
        func add(_ field: String, _ value: some LosslessStringConvertible) {
            lines["event:\(id) \(field)"] = String(value)
        }
        switch event {
        case .filling(let epoch, let since):
            add("filling", epoch)
            add("since", since.id.text)
        case .loaded(let stock):
            add("epoch", stock.epoch)
            add("available", stock.available)
            add("returns", stock.returns)
            add("revision", stock.terms.revision)
            add("total", stock.terms.total)
            add("limit", stock.terms.limit)
            add("opens", stock.terms.opens ?? 0)
            add("closes", stock.terms.closes ?? 0)
            add("state", stock.terms.state.rawValue)
            add("price", stock.terms.price.amount)
            add("currency", stock.terms.price.currency.rawValue)
            add("remembers", stock.remembers)
            add("run", stock.run == server ? "present" : "former")
        }
    }

    private mutating func add(_ id: OrderID, _ order: InventoryModel.Order) {
        func add(_ field: String, _ value: some LosslessStringConvertible) {
            lines["order:\(id) \(field)"] = String(value)
        }
        if order.isReleased { add("released", "1") }
        if let epoch = order.retaken { add("retaken", epoch) }
        if order.expiresAt != nil { add("expires", "yes") }
        guard let record = order.record else { return }
        add("status", record.status.rawValue)
        add("user", record.user.description)
        add("event", record.event.description)
        add("quantity", record.quantity)
        add("method", record.paymentMethod.text)
        add("amount", record.total.amount)
        add("currency", record.total.currency.rawValue)
        add("sequence", record.sequence)
        add("created", record.createdAt)
        add("updated", record.updatedAt)
        if let reason = record.reason { add("reason", reason.rawValue) }
        if record.isDeferred { add("deferred", "1") }
        if let trace = record.trace { add("trace", trace) }
        if !record.tickets.isEmpty { add("tickets", record.tickets.map(\.text).joined(separator: " ")) }
    }

    /// The lines with each stream id replaced by its name.
    func named(by names: EntryNames) -> [String: String] {
        var result: [String: String] = [:]
        for (name, value) in lines {
            let parts = name.split(separator: " ")
            if parts.count == 2, parts[0] == "intent" || parts[0] == "pending" {
                result["\(parts[0]) \(names[String(parts[1])])"] = value
            } else if name.hasSuffix(" since") {
                result[name] = names[value]
            } else {
                result[name] = value
            }
        }
        return result
    }
}

/// Names stream entries by the order in which they came, so that two streams can be compared.
struct EntryNames {
    private(set) var ids: [String] = []
    private var numbers: [String: Int] = [:]

    /// Notes the entries of `stream` that are new, in their order.
    mutating func learn(_ stream: [String]) {
        for id in stream where numbers[id] == nil {
            numbers[id] = ids.count
            ids.append(id)
        }
    }

    subscript(id: String) -> String {
        id == "0-0" ? "none" : numbers[id].map { "#\($0)" } ?? "unknown \(id)"
    }
}
