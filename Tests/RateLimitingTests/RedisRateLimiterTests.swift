import Foundation
import Logging
import RedisClient
import Synchronization
import TestSupport
import Testing

@testable import RateLimiting

@Suite struct RedisRateLimiterTests {
    /// One comes back in an hour: none while a test runs.
    private static let slow = RateLimit(burst: 5, period: .seconds(5 * 3_600))
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` with `count` limiters, each on connections of its own, and a prefix of the test's own.
    private static func run(
        limiters count: Int = 1, logger: Logger = silent, url: String? = nil,
        _ body: (_ limiters: [RedisRateLimiter], _ redis: RedisClient, _ prefix: String) async throws -> Void
    ) async throws {
        let shared = try await RedisServer.shared.url
        let clients = try (0..<count).map { _ in
            RedisClient(configuration: try RedisConfiguration(url: url ?? shared), logger: silent)
        }
        let prefix = "\(UUID()):"
        let limiters = clients.map { RedisRateLimiter(redis: $0, prefix: prefix, logger: logger) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients { group.addTask { try await client.run() } }
            defer { group.cancelAll() }
            try await body(limiters, clients[0], prefix)
        }
    }

    @Test func manyWhoAskTwoGatewaysAtOnceGetExactlyWhatTheBucketHolds() async throws {
        try await Self.run(limiters: 2) { limiters, _, _ in
            let waits = await withTaskGroup(of: Duration?.self) { group in
                for number in 0..<40 { group.addTask { await limiters[number % 2].take(from: "b", Self.slow) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(waits.count { $0 == nil } == 5)
            #expect(waits.compactMap(\.self).allSatisfy { (.seconds(3_500) ... .seconds(3_600)).contains($0) })
            #expect(await limiters[0].take(from: "other", Self.slow) == nil)
        }
    }

    @Test func whatIsGivenBackToOneGatewayCanBeTakenAtAnother() async throws {
        try await Self.run(limiters: 2) { limiters, _, _ in
            for _ in 0..<5 { #expect(await limiters[0].take(from: "b", Self.slow) == nil) }
            #expect(await limiters[1].take(from: "b", Self.slow) != nil)
            await limiters[0].giveBack(to: "b", Self.slow)
            #expect(await limiters[1].take(from: "b", Self.slow) == nil)
            #expect(await limiters[1].take(from: "b", Self.slow) != nil)
        }
    }

    @Test func tokensComeBackWithTimeAndAFullBucketLeavesNoKey() async throws {
        try await Self.run { limiters, redis, prefix in
            let limit = RateLimit(burst: 1, period: .milliseconds(200))
            #expect(await limiters[0].take(from: "b", limit) == nil)
            try await eventually("a token has come back") { await limiters[0].take(from: "b", limit) == nil }
            try await eventually("the key is gone") {
                try await redis.send(RedisCommand("EXISTS", key: RedisArgument(prefix + "b"))).integer == 0
            }
            await limiters[0].giveBack(to: "b", limit)
            #expect(try await redis.send(RedisCommand("EXISTS", key: RedisArgument(prefix + "b"))).integer == 0)
        }
    }

    @Test(arguments: ["nonsense", "", "99999999999999999999", "-5", "inf", "nan"])
    func aKeyThatHoldsNoTimeIsABucketThatFillsInItsTime(_ value: String) async throws {
        try await Self.run { limiters, redis, prefix in
            let key = RedisArgument(prefix + "b")
            _ = try await redis.send(RedisCommand("SET", key: key, RedisArgument(value)))
            let wait = await limiters[0].take(from: "b", Self.slow)
            #expect(wait.map { $0 <= .seconds(3_600) } ?? true)
            await limiters[0].giveBack(to: "b", Self.slow)
            #expect(await limiters[0].take(from: "b", Self.slow) == nil)
        }
    }

    @Test func whileRedisIsAwayNothingIsLimitedAndItIsSaidOnce() async throws {
        let recorder = Recorder()
        let logger = Logger(label: "test") { _ in recorder }
        let url = "redis://127.0.0.1:\(try freePort())"
        try await Self.run(logger: logger, url: url) { limiters, _, _ in
            for _ in 0..<7 { #expect(await limiters[0].take(from: "b", Self.slow) == nil) }
            #expect(recorder.warnings == ["rate_limits.off"])
        }
    }
}

/// Keeps the messages of warnings.
private final class Recorder: LogHandler {
    private let messages = Mutex<[String]>([])

    var warnings: [String] { messages.withLock { $0 } }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .warning }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { messages.withLock { $0.append(event.message.description) } }
}
