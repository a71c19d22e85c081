import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// Keys, streams and memory that fail the scripts (P5): the error surfaces, and every byte stays as it was.
struct ScriptFailureTests {
    @Test("A key of a wrong type is an error of each script, and nothing is written")
    func wrongTypes() async throws {
        try await ScriptScene.run { scene in
            for call in scene.calls {
                for (index, key) in call.keys.enumerated() {
                    // The first page of a fill makes the buyers anew; the stream is looked at when a sale is
                    // interrupted and when it goes on, as the next test does.
                    if call.script.name == "fill", index == 2 || (index == 1 && call.arguments[1] == "1") { continue }
                    if call.script.name == "load", index == 1 { continue }
                    for write in [["SET", key, "1"], ["RPUSH", key, "1"]] {
                        try await scene.restore()
                        try await scene.fixture.command("DEL", key)
                        _ = try await scene.fixture.redis.send(RedisCommand(arguments: write.map { RedisArgument($0) }))
                        let before = try await scene.fixture.content()
                        let (reply, error) = try await scene.run(call)
                        let what = "\(call.script.name), key \(index + 1): \(reply ?? "no reply")"
                        #expect(error?.hasPrefix("WRONGTYPE") == true, "\(what)")
                        #expect(try await scene.fixture.content() == before, "\(what)")
                    }
                }
            }
        }
    }

    @Test("A second load looks at the stream, and a stream of a wrong type is an error")
    func wrongTypeOfStreamAtLoad() async throws {
        try await ScriptScene.run { scene in
            let keys = InventoryKeys(.first)
            var load = try #require(scene.calls.first { $0.script.name == "load" })
            load.arguments[1] = "1"
            var fill = try #require(scene.calls.last)
            fill.keys = [keys.event(.number(1)), keys.buyers(.number(1)), keys.intents]
            #expect(try await scene.run(load).reply == "WAIT")
            try await scene.fixture.command("DEL", keys.intents)
            try await scene.fixture.command("SET", keys.intents, "x")
            let before = try await scene.fixture.content()
            #expect(try await scene.run(load).error?.hasPrefix("WRONGTYPE") == true)
            #expect(try await scene.run(fill).error?.hasPrefix("WRONGTYPE") == true)
            #expect(try await scene.fixture.content() == before)
        }
    }

    @Test("The comparison notices a script that writes before it fails")
    func negativeControl() async throws {
        try await ScriptScene.run { scene in
            let hasty = RedisScript(
                name: "hasty",
                source: "#!lua\nredis.call('HINCRBY', KEYS[1], 'available', -1)\nredis.call('XLEN', KEYS[1])")
            let call = ScriptScene.Call(script: hasty, keys: [InventoryKeys(.first).event(.number(1))], arguments: [])
            let (_, error) = try await scene.run(call)
            #expect(error?.hasPrefix("WRONGTYPE") == true)
            #expect(try await scene.fixture.content() != scene.content)
        }
    }

    @Test("When the stream takes no more ids, nothing is taken")
    func exhaustedStream() async throws {
        try await ScriptScene.run { scene in
            let last = "18446744073709551615-18446744073709551615"
            for call in scene.calls where ["reserve", "reject"].contains(call.script.name) {
                try await scene.restore()
                let stream = call.script.name == "reserve" ? call.keys[3] : call.keys[5]
                try await scene.fixture.command("XADD", stream, last, "field", "value")
                let before = try await scene.fixture.content()
                #expect(try await scene.run(call).error != nil)
                #expect(try await scene.fixture.content() == before, "\(call.script.name)")
            }
        }
    }

    @Test("With memory full nothing is admitted or loaded and no byte changes, while the lane goes on and makes room")
    func memoryFull() async throws {
        try await ScriptScene.run { scene in
            for call in scene.calls {
                try await scene.restore()
                let before = try await scene.fixture.content()
                try await scene.fixture.command("CONFIG", "SET", "maxmemory", "1")
                let (_, error) = try await scene.run(call)
                try await scene.fixture.command("CONFIG", "SET", "maxmemory", "0")
                if ["reserve", "fill", "load", "recover"].contains(call.script.name) {
                    #expect(error?.hasPrefix("OOM") == true, "\(call.script.name)")
                    #expect(try await scene.fixture.content() == before, "\(call.script.name)")
                } else {
                    #expect(error == nil, "\(call.script.name)")
                    #expect(try await scene.fixture.content() != before, "\(call.script.name)")
                }
            }
            // The store says so as well.
            try await scene.restore()
            try await scene.fixture.command("CONFIG", "SET", "maxmemory", "1")
            do throws(InventoryError) {
                _ = try await scene.fixture.inventory.reserve(.of(.number(1), order: 9))
                Issue.record("a reservation without memory succeeded")
            } catch {
                #expect(error.code == .unexpectedReply)
                #expect(error.message.hasPrefix("OOM"))
            }
        }
    }
}
