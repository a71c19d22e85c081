import Foundation
import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// What the scripts do with values that are missing, empty, huge, negative or no numbers (P4): they answer or refuse,
/// and a refusal leaves every byte as it was.
struct ScriptValueTests {
    @Test("Each script succeeds on the scene that the other tests spoil")
    func sceneIsGood() async throws {
        try await ScriptScene.run { scene in
            for call in scene.calls {
                try await scene.restore()
                let (reply, error) = try await scene.run(call)
                #expect(error == nil, "\(call.script.name)")
                let good = [
                    "ACCEPTED", "2", "RELEASED", "REJECTED", "FILLED", "LOADED", "AMENDED", "MARKED", "RECOVERED",
                    "TAKEN",
                ]
                #expect(good.contains(reply ?? ""), "\(call.script.name) answered \(reply ?? "nothing")")
                #expect(try await scene.fixture.content() != scene.content, "\(call.script.name) changed nothing")
            }
        }
    }

    @Test("An odd argument is refused without a trace, or does no harm to the counters")
    func oddArguments() async throws {
        try await ScriptScene.run { scene in
            for call in scene.calls {
                for index in call.arguments.indices {
                    for case let value? in ScriptScene.oddValues {
                        var spoilt = call
                        spoilt.arguments[index] = value
                        try await scene.restore()
                        try await check(spoilt, scene, spoilt: nil, "argument \(index + 1) is \(value.prefix(20))")
                    }
                }
            }
        }
    }

    @Test("A missing argument is refused without a trace")
    func missingArguments() async throws {
        try await ScriptScene.run { scene in
            for call in scene.calls {
                for count in 0..<call.arguments.count {
                    var spoilt = call
                    spoilt.arguments.removeLast(call.arguments.count - count)
                    try await scene.restore()
                    let before = try await scene.fixture.content()
                    let (reply, error) = try await scene.run(spoilt)
                    let isWhole = ["fill", "acknowledge"].contains(call.script.name) && count >= 2
                    #expect(error != nil || isWhole, "\(call.script.name), \(count) arguments: \(reply ?? "")")
                    guard error != nil else { continue }
                    #expect(try await scene.fixture.content() == before, "\(call.script.name), \(count) arguments")
                }
            }
        }
    }

    @Test("An odd value in a field of a key is refused without a trace, or does no harm to the other counters")
    func oddFields() async throws {
        try await ScriptScene.run { scene in
            for call in scene.calls {
                for key in Set(call.keys) {
                    guard try await scene.fixture.command("TYPE", key).string == "hash" else { continue }
                    try await scene.restore()
                    let fields = try await scene.fixture.command("HKEYS", key).array?.compactMap(\.string) ?? []
                    for field in fields {
                        for value in ScriptScene.oddValues {
                            try await scene.restore()
                            if let value {
                                try await scene.fixture.command("HSET", key, field, value)
                            } else {
                                try await scene.fixture.command("HDEL", key, field)
                            }
                            let name = "\(key.dropFirst(6)) \(field)"
                            let what = "\(name) is \(value.map { "\($0.prefix(20))" } ?? "missing")"
                            try await check(call, scene, spoilt: name, what)
                        }
                    }
                }
            }
        }
    }

    /// Runs the call: an error must be a considered one and leave everything alone, and after anything else all
    /// counters but the spoilt one must still be counters.
    private func check(
        _ call: ScriptScene.Call, _ scene: ScriptScene, spoilt: String?, _ what: String
    ) async throws {
        let before = try await scene.fixture.content()
        let (_, error) = try await scene.run(call)
        if let error {
            #expect(try await scene.fixture.content() == before, "\(call.script.name), \(what): \(error)")
            let considered = ["INVALID", "CORRUPT", "ERR Invalid stream ID"].contains { error.hasPrefix($0) }
            #expect(considered, "\(call.script.name), \(what): \(error)")
            return
        }
        let state = try await StateImage.live(scene.fixture)
        for (name, value) in state.lines where name != spoilt && Self.isCounter(name) {
            #expect(Int64(value) != nil, "\(call.script.name), \(what): \(name) became \(value.prefix(20))")
        }
        for (name, value) in state.lines where name != spoilt && name.hasPrefix("buyers:") {
            #expect(Int64(value) ?? -1 >= 0, "\(call.script.name), \(what): \(name) became \(value.prefix(20))")
        }
    }

    private static func isCounter(_ line: String) -> Bool {
        let counters = [
            "available", "total", "epoch", "returns", "revision", "opens", "closes", "filling", "accepted", "committed",
            "sequence", "amount", "created", "updated", "remembers", "mark", "lost",
        ]
        return line.split(separator: " ").last.map { counters.contains(String($0)) } ?? false
    }

    @Test(
        "Stock with a field missing or unreadable admits nobody",
        arguments: ["available", "limit", "opens", "closes", "state", "price", "currency", "remembers"])
    func unreadableStock(_ field: String) async throws {
        try await ScriptScene.run { scene in
            let event = InventoryKeys(.first).event(.number(1))
            for value in [nil, "", "abc", "1.5", "1e3", "007", " 5"] as [String?] {
                try await scene.restore()
                if let value {
                    try await scene.fixture.command("HSET", event, field, value)
                } else {
                    try await scene.fixture.command("HDEL", event, field)
                }
                let outcome = try await scene.fixture.inventory.reserve(.of(.number(1), order: 9))
                #expect(outcome == .refused(.cold, mayBeRecorded: true), "\(field) is \(value ?? "missing")")
            }
        }
    }
}
