import InventoryStore
import RedisClient
import TestSupport
import Testing

/// The cache that gateways share, in Redis and in memory: by the same rules.
struct DocumentCacheTests {
    private static func check(_ cache: some DocumentCache) async throws {
        #expect(await cache.document("a") == nil)
        await cache.keep([1, 2], as: "a", for: .seconds(60))
        await cache.keep([3], as: "a", for: .seconds(60))
        #expect(await cache.document("a") == [1, 2], "the first one stays for its time")

        await cache.discard("a", for: .seconds(60))
        #expect(await cache.document("a") == nil)
        await cache.keep([1, 2], as: "a", for: .seconds(60))
        #expect(await cache.document("a") == nil, "a reading from before the change")

        await cache.discard("b", for: .milliseconds(1))
        try await eventually("what was discarded a while ago can be kept") {
            await cache.keep([4], as: "b", for: .seconds(60))
            return await cache.document("b") == [4]
        }
        await cache.keep([5], as: "c", for: .milliseconds(1))
        try await eventually("a document goes when its time is over") { await cache.document("c") == nil }
    }

    @Test("Documents are kept for their time, and not after a change of what they show")
    func rules() async throws {
        try await Self.check(InMemoryDocumentCache())
        try await Fixture.run { fixture in
            try await Self.check(RedisDocumentCache(redis: fixture.redis))
            #expect(try await fixture.command("PTTL", "a").integer ?? 0 > 0, "nothing stays for ever")
        }
    }

    @Test("A Redis that is away has no documents, and nobody waits for it")
    func away() async throws {
        try await Fixture.run { fixture in
            let cache = RedisDocumentCache(redis: fixture.redis)
            await cache.keep([1], as: "a", for: .seconds(60))
            fixture.server.stop()
            let start = ContinuousClock.now
            #expect(await cache.document("a") == nil)
            await cache.keep([1], as: "a", for: .seconds(60))
            await cache.discard("a", for: .seconds(60))
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }
}
