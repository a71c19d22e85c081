import Foundation
import RedisClient
import TestSupport
import Ticketing

@testable import InventoryStore

/// A small sale in Redis and one call of each script that succeeds on it, for tests that spoil something first.
///
/// Event 1 is loaded; order 1 (2 units, user 1) was delivered and order 2 (1 unit, user 2) waits; the buyers of event
/// 2 are filled, so that it can be loaded.
struct ScriptScene {
    /// A script with its keys and arguments as text.
    struct Call {
        let script: RedisScript
        var keys: [String]
        var arguments: [String]

        var command: RedisCommand {
            script.command(keys: keys.map { RedisArgument($0) }, arguments: arguments.map { RedisArgument($0) })
        }
    }

    /// Each key with Redis' serialization of its value, and whether it expires.
    typealias Content = [String: [UInt8]]

    /// Values that are no counter, or none that fits: missing (nil), empty, no number, not whole, negative, huge.
    static let oddValues: [String?] = [
        nil, "", "abc", "-1", "0", "1.5", "1e3", "007", "-0", " 5", "5 ", "+5", "0x10", "nan", "inf",
        "999999999999999", "1000000000000000", "9223372036854775808", String(repeating: "9", count: 400), "5\0",
    ]

    let fixture: Fixture
    let entries: [String]
    let content: Content
    let calls: [Call]

    /// Sets the scene on a server of its own.
    static func run(_ body: (ScriptScene) async throws -> Void) async throws {
        var options = RedisServer.Options()
        options.arguments = ["--appendonly", "no"]
        try await Fixture.run(options) { fixture in try await body(try await ScriptScene(fixture)) }
    }

    init(_ fixture: Fixture) async throws {
        self.fixture = fixture
        try await fixture.command("FLUSHALL")
        let event = EventID.number(1)
        let other = EventID.number(2)
        _ = try await fixture.lane.load(.first(of: event))
        _ = try await fixture.inventory.reserve(.of(event, order: 1, user: 1, quantity: 2))
        _ = try await fixture.inventory.reserve(.of(event, order: 2, user: 2))
        try await fixture.lane.withReader(of: .first, consumer: "a") { _ = try await $0.next(limit: 1, wait: .zero) }
        let keys = InventoryKeys(.first)
        let stream = try await fixture.command("XRANGE", keys.intents, "-", "+").array ?? []
        entries = stream.compactMap { $0.array?.first?.string }
        var fill = Call(
            script: InventoryScripts.fill, keys: [keys.event(other), keys.buyers(other), keys.intents],
            arguments: ["2", "1", UserID.number(4).description, "2"])
        _ = try await fixture.redis.send(fill.command)
        content = try await fixture.content()
        fill.arguments[0] = "3"
        calls = ScriptScene.calls(keys, event: event, other: other, entries: entries) + [fill]
    }

    private static func calls(_ keys: InventoryKeys, event: EventID, other: EventID, entries: [String]) -> [Call] {
        let life = "60000"
        let orders = (0...3).map(OrderID.number)
        let users = (0...4).map { UserID.number($0).description }
        return [
            Call(
                script: InventoryScripts.reserve,
                keys: [keys.event(event), keys.buyers(event), keys.order(orders[3]), keys.intents, keys.progress],
                arguments: [orders[3].description, users[1], event.description, "1", "pm_accepted", "1000", "1"]),
            Call(
                script: InventoryScripts.acknowledge, keys: [keys.intents, keys.progress],
                arguments: ["lanes", "7", entries[0], entries[1]]),
            Call(
                script: InventoryScripts.publish, keys: [keys.order(orders[1]), keys.order(orders[2])],
                arguments: [
                    keys.finished, life, orders[1].description, "confirmed", "", "A B", orders[2].description,
                    "cancelled", "sold_out", "",
                ]),
            Call(
                script: InventoryScripts.release, keys: [keys.event(event), keys.buyers(event), keys.order(orders[2])],
                arguments: ["1", users[2], "1", life]),
            Call(
                script: InventoryScripts.reject,
                keys: [
                    keys.intents, keys.progress, keys.event(event), keys.buyers(event), keys.order(orders[1]),
                    keys.dead,
                ],
                arguments: [
                    "lanes", entries[0], users[1], "2", orders[1].description, "cancelled", "rejected", "", "a note",
                    keys.finished, life, "1",
                ]),
            Call(
                script: InventoryScripts.fill, keys: [keys.event(other), keys.buyers(other), keys.intents],
                arguments: ["2", "0", users[3], "1"]),
            Call(
                script: InventoryScripts.load,
                keys: [keys.event(other), keys.intents, keys.buyers(other), keys.progress],
                arguments: ["2", "0", "10", "10", "4", "0", "0", "open", "4500", "EUR", "1", "1", "1", life]),
            Call(
                script: InventoryScripts.amend, keys: [keys.event(event), keys.progress],
                arguments: ["2", "90", "4", "0", "0", "open", "4500", "EUR", "0"]),
            Call(
                script: InventoryScripts.retake,
                keys: [keys.event(event), keys.buyers(event), keys.order(orders[2]), keys.progress],
                arguments: [users[2], "1", life, "1"]),
            Call(script: InventoryScripts.mark, keys: [keys.progress], arguments: ["2", keys.finished]),
            Call(
                script: InventoryScripts.recover,
                keys: [keys.event(event), keys.buyers(event), keys.order(orders[3]), keys.intents, keys.progress],
                arguments: [
                    orders[3].description, users[1], event.description, "1", "pm_accepted", "4500", "EUR", "1000",
                ]),
        ]
    }

    /// Puts everything back as it was at first.
    func restore() async throws { try await fixture.restore(content) }

    /// Runs the call; returns its first word, or its error.
    func run(_ call: Call) async throws -> (reply: String?, error: String?) {
        do throws(RedisClientError) {
            let reply = try await fixture.redis.send(call.command)
            return (reply.array?.first?.string ?? reply.string, nil)
        } catch {
            guard let serverError = error.serverError else { throw error }
            return (nil, serverError.message)
        }
    }
}

extension Fixture {
    /// Every key with Redis' own serialization of its value, and whether it expires, read in one step.
    func content() async throws -> ScriptScene.Content {
        let reply = try await command(
            "EVAL",
            """
            local result = {}
            for _, key in ipairs(redis.call('KEYS', '*')) do
                result[#result + 1] = key
                result[#result + 1] = redis.call('DUMP', key) .. (redis.call('PTTL', key) > 0 and '1' or '0')
            end
            return result
            """, "0")
        var content: ScriptScene.Content = [:]
        let parts = reply.array ?? []
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            guard case .bytes(let bytes) = parts[index + 1], let key = parts[index].string else { continue }
            content[key] = bytes
        }
        return content
    }

    /// Makes Redis hold `content` and nothing else.
    func restore(_ content: ScriptScene.Content) async throws {
        let script = """
            for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('DEL', key) end
            for i = 1, #ARGV, 3 do redis.call('RESTORE', ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
            """
        var arguments: [RedisArgument] = ["EVAL", .init(script), "0"]
        for (key, bytes) in content {
            arguments.append(.init(key))
            arguments.append(bytes.last == UInt8(ascii: "1") ? "60000" : "0")
            arguments.append(.init(bytes: bytes.dropLast()))
        }
        _ = try await redis.send(RedisCommand(arguments: arguments))
    }

    /// Gives a server in cluster mode all slots and waits until it takes commands.
    func makeCluster() async throws {
        try await command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        try await eventually("the cluster is up") {
            try await command("CLUSTER", "INFO").string?.contains("cluster_state:ok") == true
        }
    }
}
