import Foundation
import Synchronization
import TestSupport
import Testing

@testable import RedisClient

/// Against a cluster of six servers, which the tests share and leave whole.
@Suite("A cluster", .serialized, .timeLimit(.minutes(3)))
struct RedisClusterTests {
    private static let shared = Task { try await RedisCluster() }
    /// Keys of slots that are far apart, at least one for each primary.
    private static let keys = (0..<40).map { "{tag\($0)}:key" }
    private static let increment = RedisScript(
        name: "increment", source: "#!lua\nreturn redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])")

    @Test("Each command goes to the node of its key, scripts are loaded at each, and keyless ones go anywhere")
    func routing() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            for key in Self.keys {
                let reply = try await client.send(RedisCommand("SET", key: .init(key), "1"))
                #expect(reply == .status("OK"))
                let script = Self.increment.command(keys: [.init(key), .init(key + "2")])
                #expect(try await client.send(script).integer == 3)
            }
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            #expect(try await client.sendToPrimaries(RedisCommand("PING")).count == 3)
            // Negative control of the routing: no command was redirected, which the servers count as errors.
            let errors = try await client.sendToPrimaries(RedisCommand("INFO", "errorstats"))
            #expect(errors.allSatisfy { $0.string?.contains("MOVED") == false })
            try await eventually("every primary is connected") { client.isConnected }
        }
    }

    @Test("A command whose key is not named to the client still reaches its node")
    func unnamedKey() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            for key in Self.keys.prefix(8) {
                #expect(try await client.send(RedisCommand("SET", .init(key), "1")) == .status("OK"))
            }
            let replies = try await client.pipeline([
                RedisCommand("SET", .init(Self.keys[0]), "2"), RedisCommand("GET", .init(Self.keys[0])),
            ])
            #expect(replies.count == 2 && replies[0] == .status("OK"))
        }
    }

    @Test("Scripts that every node forgets all the time run once for each call (P7)")
    func scriptsFlushed() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            let key = "{flush}:\(UUID())"
            for round in 1...20 {
                _ = try await client.sendToPrimaries(RedisCommand("SCRIPT", "FLUSH"))
                let call = Self.increment.command(keys: [.init(key), .init(key + "2")])
                let replies = try await client.pipeline([call, call])
                #expect(replies.map(\.integer) == [Int64(round * 4 - 2), Int64(round * 4)])
            }
        }
    }

    @Test("While a slot moves there and back, each of thousands of increments happens once")
    func reshard() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            let key = "{reshard}:\(UUID())"
            let first = try cluster.primary(of: key)
            for number in 0..<200 { _ = try await client.send(RedisCommand("SET", key: .init("\(key)\(number)"), "1")) }
            let counts = try await Self.increments(of: key, by: client) {
                try await cluster.reshard(slotOf: key)
                #expect(try cluster.primary(of: key) !== first)
                try await cluster.reshard(slotOf: key)
            }
            #expect(counts.failed == 0)
            #expect(try await client.send(RedisCommand("GET", key: .init(key))).integer == Int64(counts.done))
        }
        try await cluster.settled()
    }

    @Test("A primary steps down for its replica: each increment happens once")
    func failOver() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            let key = "{failover}:\(UUID())"
            let counts = try await Self.increments(of: key, by: client) { try await cluster.failOver(of: key) }
            #expect(counts.failed == 0)
            #expect(try await client.send(RedisCommand("GET", key: .init(key))).integer == Int64(counts.done))
        }
        try await cluster.settled()
    }

    @Test("A blocked reader follows its slot when that moves, and when its primary dies")
    func blockingReader() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            let key = "{reader}:\(UUID())"
            try await client.withBlockingConnection(for: .init(key)) { blocking in
                _ = try await blocking.send(RedisCommand("XGROUP", "CREATE", .init(key), "g", "$", "MKSTREAM"))
                let read = RedisCommand("XREADGROUP", "GROUP", "g", "c", "BLOCK", 1_000, "STREAMS", .init(key), ">")
                // As a lane does: whatever a read answers, the next one goes on.
                func next(_ value: String) async throws {
                    try await eventually("the entry \(value) is read", within: .seconds(30)) {
                        do {
                            return try await blocking.send(read, timeout: .seconds(3)).description.contains(value)
                        } catch { return false }
                    }
                }
                func add(_ value: String) async throws {
                    try await eventually("the entry \(value) is added", within: .seconds(30)) {
                        do {
                            let add = RedisCommand("XADD", key: .init(key), "*", "value", .init(value))
                            return try await client.send(add).string != nil
                        } catch { return false }
                    }
                }
                async let first: Void = next("first")
                try await cluster.reshard(slotOf: key)
                try await add("first")
                try await first
                async let second: Void = next("second")
                try await cluster.failOver(of: key)
                try await add("second")
                try await second
                async let third: Void = next("third")
                let killed = try cluster.kill(primaryOf: key)
                try await add("third")
                try await third
                try await killed.restart()
            }
        }
        try await cluster.settled()
    }

    @Test("Commands wait for the replica that takes over from a killed primary, and run there once")
    func killedPrimary() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            let key = "{killed}:\(UUID())"
            let call = RedisCommand("INCR", key: .init(key))
            #expect(try await client.send(call).integer == 1)
            let killed = try cluster.kill(primaryOf: key)
            try await eventually("the loss is noticed") { !client.isConnected }
            #expect(try await client.send(call, timeout: .seconds(20)).integer == 2)
            try await killed.restart()
        }
        try await cluster.settled()
    }

    @Test("Messages reach a subscriber at any node, also after its node died")
    func subscription() async throws {
        let cluster = try await Self.shared.value
        try await withClient(cluster.url) { client in
            let channel = UUID().uuidString
            var pushes = client.subscribe(to: [channel]).makeAsyncIterator()
            #expect(await pushes.next() == .subscribed)
            _ = try await client.send(RedisCommand("PUBLISH", key: .init(channel), "one"))
            #expect(await pushes.next() == .message(channel: channel, payload: Array("one".utf8)))
            let home = try #require(
                cluster.servers.first { server in
                    try Self.commandLine(server.port, "PUBSUB", "NUMSUB", channel).hasSuffix("1")
                })
            home.stop(SIGKILL)
            #expect(await pushes.next() == .disconnected)
            #expect(await pushes.next() == .subscribed)
            _ = try await client.send(RedisCommand("PUBLISH", key: .init(channel), "two"), timeout: .seconds(20))
            #expect(await pushes.next() == .message(channel: channel, payload: Array("two".utf8)))
            try await home.restart()
        }
        try await cluster.settled()
    }

    @Test("A node that sends commands round in circles is followed a few times, and the command has not run")
    func circles() async throws {
        let commands = Atomic(0)
        let port = Atomic(0)
        let server = try await ScriptedServer { _, input in
            let port = port.load(ordering: .relaxed)
            if input.contains("SLOTS") {
                return .text("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:\(port)\r\n")
            }
            guard input.contains("GET") else { return .text("+PONG\r\n") }
            commands.wrappingAdd(1, ordering: .relaxed)
            return .text("-MOVED 12182 :\(port)\r\n")
        }
        port.store(server.port, ordering: .relaxed)
        try await withClient("redis-cluster://127.0.0.1:\(server.port)") { client in
            let error = try await redisError { _ = try await client.send(RedisCommand("GET", key: "foo")) }
            #expect(error?.serverError?.prefix == "MOVED")
            #expect(error?.mayHaveRun == false)
            #expect(commands.load(ordering: .relaxed) == CommandRoute.redirectionLimit + 1)
        }
    }

    @Test("Without any node, a command ends at its deadline with the reason, and was never sent")
    func nobodyThere() async throws {
        let url = "redis-cluster://127.0.0.1:\(try freePort()),127.0.0.1:\(try freePort())"
        try await withClient(url) { client in
            let error = try await redisError {
                _ = try await client.send(RedisCommand("GET", key: "key"), timeout: .milliseconds(400))
            }
            #expect(error?.code == .notConnected)
            #expect(error?.mayHaveRun == false)
            #expect(error?.underlying != nil)
        }
    }

    @Test("A server that is no cluster is told apart")
    func noCluster() async throws {
        let url = try await RedisServer.shared.url.replacing("redis://", with: "redis-cluster://").dropLast(2)
        try await withClient(String(url)) { client in
            let error = try await redisError {
                _ = try await client.send(RedisCommand("GET", key: "key"), timeout: .seconds(1))
            }
            #expect(error.map { "\($0)" }?.contains("cluster support disabled") == true)
        }
    }

    /// Increments `key` from many tasks while `body` runs; counts what was answered and what was not.
    private static func increments(
        of key: String, by client: RedisClient, while body: @Sendable () async throws -> Void
    ) async throws -> Counts {
        let counter = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    while !counter.isOver.load(ordering: .relaxed) {
                        do {
                            _ = try await client.send(RedisCommand("INCR", key: .init(key)))
                            counter.counts.withLock { $0.done += 1 }
                        } catch { counter.counts.withLock { $0.failed += 1 } }
                    }
                }
            }
            try await eventually("increments run") { counter.counts.withLock { $0.done > 500 } }
            try await body()
            let before = counter.counts.withLock { $0.done }
            try await eventually("increments run on") { counter.counts.withLock { $0.done > before + 500 } }
            counter.isOver.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        return counter.counts.withLock { $0 }
    }

    private struct Counts {
        var done = 0
        var failed = 0
    }

    private final class Counter: Sendable {
        let counts = Mutex(Counts())
        let isOver = Atomic(false)
    }

    private static func commandLine(_ port: Int, _ words: String...) throws -> String {
        let log = try temporaryDirectory("cli").appending(path: "log")
        let process = try ServerProcess(["redis-cli", "-p", "\(port)"] + words, log: log)
        process.waitUntilExit()
        return process.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension RESPValue {
    /// All texts of the value, for a look whether one is in it.
    fileprivate var description: String {
        if let array { return array.map(\.description).joined(separator: " ") }
        return string ?? ""
    }
}
