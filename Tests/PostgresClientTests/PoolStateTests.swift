import Testing

@testable import PostgresClient

@Suite struct PoolStateTests {
    private typealias Pool = PoolState<String, String>
    private let start = ContinuousClock.now

    /// Queues `waiter` and says whether an attempt to connect is to be started.
    private func wait(_ pool: inout Pool, _ waiter: String, id: Int, seconds: Int = 5) throws -> Bool {
        guard case .wait(let connect, _) = pool.acquire(id: id, waiter, deadline: start + .seconds(seconds)) else {
            Issue.record("\(waiter) does not wait")
            return false
        }
        return connect
    }

    @Test func connectionsAreOpenedOnDemandUpToTheBound() throws {
        var pool = Pool(maxConnections: 2, maxWaiters: 10)
        #expect(try wait(&pool, "a", id: 1))
        #expect(try wait(&pool, "b", id: 2))
        #expect(try !wait(&pool, "c", id: 3))
        #expect(pool.connecting == 2)
    }

    @Test func waitersAreServedInTheOrderTheyCame() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        for (id, waiter) in ["a", "b", "c"].enumerated() { _ = try wait(&pool, waiter, id: id) }
        var served: [String] = []
        if case .handOver(let waiter) = pool.connected("one").0 { served.append(waiter) }
        #expect(pool.takeIdle() == nil)
        for _ in 0..<2 {
            if case .handOver(let waiter) = pool.release("one") { served.append(waiter) }
        }
        #expect(served == ["a", "b", "c"])
        guard case .park = pool.release("one") else {
            Issue.record("not parked")
            return
        }
        #expect(pool.takeIdle() == "one")
    }

    @Test func aWaiterThatIsCancelledIsSkipped() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        for (id, waiter) in ["a", "b", "c"].enumerated() { _ = try wait(&pool, waiter, id: id) }
        #expect(pool.cancel(id: 0) == "a")
        #expect(pool.cancel(id: 0) == nil)
        guard case .handOver(to: "b") = pool.connected("one").0 else {
            Issue.record("not handed to b")
            return
        }
    }

    @Test func theLineIsBounded() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 2)
        _ = try wait(&pool, "a", id: 1)
        _ = try wait(&pool, "b", id: 2)
        guard case .refuse(.tooManyWaiters) = pool.acquire(id: 3, "c", deadline: start) else {
            Issue.record("not refused")
            return
        }
        _ = pool.cancel(id: 2)
        _ = try wait(&pool, "c", id: 3)
    }

    @Test func waitersExpireAtTheirDeadlineAndNotBefore() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        _ = try wait(&pool, "a", id: 1, seconds: 1)
        _ = try wait(&pool, "b", id: 2, seconds: 2)
        let early = pool.expire(now: start)
        #expect(early.expired.isEmpty)
        #expect(early.next == start + .seconds(1))
        let first = pool.expire(now: start + .seconds(1))
        #expect(first.expired == ["a"])
        #expect(first.next == start + .seconds(2))
        let last = pool.expire(now: start + .seconds(9))
        #expect(last.expired == ["b"])
        #expect(last.next == nil)
    }

    @Test func deadlinesAreWatchedOnceWhileSomebodyWaits() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        func watches(_ id: Int) -> Bool {
            guard case .wait(_, let watch) = pool.acquire(id: id, "w", deadline: start) else { return false }
            return watch
        }
        #expect(watches(1))
        #expect(!watches(2))
        #expect(pool.expire(now: start).next == nil)
        #expect(watches(3))
    }

    @Test func afterAFailureOneAttemptIsMadeAtATime() throws {
        var pool = Pool(maxConnections: 4, maxWaiters: 10)
        _ = try wait(&pool, "a", id: 1)
        guard case (.after(failures: 1), let refused) = pool.connectFailed(PostgresError(.connection, "down")) else {
            Issue.record("not repeated")
            return
        }
        #expect(refused.isEmpty)
        #expect(try !wait(&pool, "b", id: 2))
        #expect(try !wait(&pool, "c", id: 3))
        let (_, attempts) = pool.connected("one")
        #expect(attempts == 2)
        #expect(pool.failures == 0)
    }

    @Test func attemptsEndWhenNobodyWaits() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        _ = try wait(&pool, "a", id: 1, seconds: 1)
        _ = pool.expire(now: start + .seconds(1))
        guard case (.stop, _) = pool.connectFailed(PostgresError(.connection, "down")) else {
            Issue.record("not stopped")
            return
        }
        #expect(pool.connecting == 0)
        #expect(try wait(&pool, "b", id: 2))
    }

    @Test func aRefusalForGoodIsToldToEverybodyAtOnce() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        _ = try wait(&pool, "a", id: 1)
        _ = try wait(&pool, "b", id: 2)
        let error = PostgresError(.connection, "wrong password", sqlState: .invalidPassword)
        guard case (.stop, ["a", "b"]) = pool.connectFailed(error) else {
            Issue.record("not told")
            return
        }
        #expect(pool.waiters.isEmpty)
    }

    @Test func aLostConnectionIsReplacedWhileSomebodyWaits() throws {
        var pool = Pool(maxConnections: 1, maxWaiters: 10)
        _ = try wait(&pool, "a", id: 1)
        _ = pool.connected("one")
        #expect(try !wait(&pool, "b", id: 2))
        let replaced = pool.discard()
        #expect(replaced)
        #expect(pool.connecting == 1 && pool.leased == 0)
    }

    @Test func aClosedPoolHandsOutNothingAndDrains() throws {
        var pool = Pool(maxConnections: 2, maxWaiters: 10)
        _ = try wait(&pool, "a", id: 1)
        _ = pool.connected("one")
        _ = try wait(&pool, "b", id: 2)
        let (waiters, idle) = pool.close()
        #expect(waiters == ["b"])
        #expect(idle.isEmpty)
        guard case .refuse(.closed) = pool.acquire(id: 3, "c", deadline: start) else {
            Issue.record("not refused")
            return
        }
        #expect(!pool.isDrained)
        guard case .close = pool.release("one"), case (.close, 0) = pool.connected("two") else {
            Issue.record("not closed")
            return
        }
        #expect(pool.isDrained)
    }

    @Test func pausesDoubleUpToTheLimitWithJitter() {
        let backoff = ConnectBackoff(base: .milliseconds(50), limit: .seconds(1))
        #expect(backoff.pause(failures: 1, random: 1) == .milliseconds(50))
        #expect(backoff.pause(failures: 1, random: 0) == .milliseconds(25))
        #expect(backoff.pause(failures: 3, random: 1) == .milliseconds(200))
        #expect(backoff.pause(failures: 1_000_000, random: 1) == .seconds(1))
    }
}
