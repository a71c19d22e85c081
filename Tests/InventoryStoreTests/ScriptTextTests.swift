import RedisClient
import TestSupport
import Testing

@testable import InventoryStore

/// What can be seen in the scripts' text, and what the server itself says about it.
struct ScriptTextTests {
    private static let scripts = [
        InventoryScripts.reserve, InventoryScripts.acknowledge, InventoryScripts.publish, InventoryScripts.release,
        InventoryScripts.reject, InventoryScripts.load, InventoryScripts.fill, InventoryScripts.amend,
        InventoryScripts.recover, InventoryScripts.mark, InventoryScripts.retake, InventoryScripts.inspect,
    ]

    /// The script without its comments.
    private static func code(_ script: RedisScript) -> String {
        script.source.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: "\n")
    }

    @Test("Every key that a script touches is one of its KEYS", arguments: scripts.indices)
    func declaredKeys(_ index: Int) throws {
        let script = Self.scripts[index]
        let calls = Self.code(script).matches(
            of: #/redis\.p?call\('(\w+)'(?:, '(?:STREAM|GROUPS)')?(?:, ?([\w\[\]]+))?/#)
        #expect(!calls.isEmpty)
        for call in calls where !["TIME", "PUBLISH", "INFO"].contains(call.1) {
            let key = try #require(call.2, "\(script.name): \(call.0)")
            #expect(key.hasPrefix("KEYS["), "\(script.name): \(call.0)")
        }
        #expect(Self.code(script).firstMatch(of: #/redis\.p?call\([^']/#) == nil, "a command that is no literal")
    }

    @Test("No script trims a stream by length, and each names its language", arguments: scripts.indices)
    func noTrimming(_ index: Int) {
        let script = Self.scripts[index]
        let code = Self.code(script).uppercased()
        for word in ["MAXLEN", "MINID", "XTRIM"] { #expect(!code.contains(word), "\(script.name)") }
        #expect(script.source.hasPrefix("#!lua"))
    }

    @Test("A server in cluster mode refuses a script that leaves its slot, and runs each of ours")
    func crossSlot() async throws {
        var options = RedisServer.Options()
        options.arguments = ["--cluster-enabled", "yes", "--cluster-port", "\(try freePort())"]
        try await Fixture.run(options) { fixture in
            try await fixture.makeCluster()
            let stray = RedisScript(
                name: "stray",
                source: "#!lua\nredis.call('SET', KEYS[1], '1')\nreturn redis.call('GET', 'elsewhere')")
            await #expect(throws: RedisClientError.self) {
                try await fixture.redis.send(stray.command(keys: ["{p00}:x"]))
            }
            let scene = try await ScriptScene(fixture)
            for call in scene.calls {
                try await scene.restore()
                #expect(try await scene.run(call).error == nil, "\(call.script.name)")
            }
        }
    }
}
