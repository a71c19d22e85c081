import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct CoalescingCacheTests {
    private struct Failure: Error {}

    private final class Source: Sendable {
        let loads = Atomic(0)
        let fails = Atomic(false)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)

        func load() -> Result<Int, Failure> {
            let number = loads.add(1, ordering: .relaxed).newValue
            return fails.load(ordering: .relaxed) ? .failure(Failure()) : .success(number)
        }
    }

    @Test func aValueIsKeptForItsLifetime() async throws {
        let source = Source()
        let clock = HandClock()
        let cache = CoalescingCache<Int, Int, Failure>(
            lifetime: .seconds(1), capacity: 10, now: { clock.now }, load: { _ in source.load() })
        #expect(try await cache.value(for: 1) == 1)
        clock.advance(by: .milliseconds(999))
        #expect(try await cache.value(for: 1) == 1)
        #expect(cache.kept(for: 1) == 1)
        clock.advance(by: .milliseconds(1))
        #expect(cache.kept(for: 1) == nil)
        #expect(try await cache.value(for: 1) == 2)
        cache.forget(1)
        #expect(try await cache.value(for: 1) == 3)
    }

    @Test func whoAsksWhileAValueIsLoadedWaitsForThatLoad() async throws {
        let source = Source()
        let cache = CoalescingCache<Int, Int, Failure>(lifetime: .seconds(60), capacity: 10) { _ in
            for await _ in source.gate { break }
            return source.load()
        }
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await cache.value(for: 1) } }
            source.open.yield()
            var values: [Int] = []
            for try await value in group { values.append(value) }
            return values
        }
        #expect(values == Array(repeating: 1, count: 50))
    }

    @Test func aFailureIsNotKept() async throws {
        let source = Source()
        let cache = CoalescingCache<Int, Int, Failure>(lifetime: .seconds(60), capacity: 10) { _ in source.load() }
        source.fails.store(true, ordering: .relaxed)
        await #expect(throws: Failure.self) { try await cache.value(for: 1) }
        source.fails.store(false, ordering: .relaxed)
        #expect(try await cache.value(for: 1) == 2)
    }

    @Test func whatIsForgottenWhileItLoadsIsNotKept() async throws {
        let source = Source()
        let isLoading = Flag()
        let cache = CoalescingCache<Int, Int, Failure>(lifetime: .seconds(60), capacity: 10) { _ in
            isLoading.set()
            for await _ in source.gate { break }
            return source.load()
        }
        async let stale = cache.value(for: 1)
        while !isLoading.isSet { await Task.yield() }
        cache.forget(1)
        source.open.yield()
        _ = try await stale
        #expect(cache.kept(for: 1) == nil)
    }

    @Test func thereAreNeverMoreEntriesThanItsCapacity() async throws {
        let source = Source()
        let cache = CoalescingCache<Int, Int, Failure>(lifetime: .seconds(60), capacity: 10) { _ in source.load() }
        for key in 0..<100 { _ = try await cache.value(for: key) }
        #expect((0..<100).filter { cache.kept(for: $0) != nil }.count <= 10)
    }

    @Test func aGateLetsSoManyThrough() async {
        let gate = ConcurrencyGate(limit: 1)
        let inner = await gate.run { await gate.run { 1 } == nil ? "refused" : "entered" }
        #expect(inner == "refused")
        #expect(gate.count == 0)
        #expect(await gate.run { 2 } == 2)
    }
}
