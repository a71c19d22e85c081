import Foundation
import TestSupport
import Testing

@testable import PostgresClient

@Suite struct PoolTests {
    @Test func waitersAreServedInOrder() async throws {
        try await withDatabase(configure: { $0.maxConnections = 1 }) { client in
            let (served, numbers) = AsyncStream.makeStream(of: Int.self)
            try await withThrowingTaskGroup { group in
                try await client.withConnection { _ in
                    for number in 0..<20 {
                        group.addTask {
                            try await client.withConnection { _ in _ = numbers.yield(number) }
                        }
                        try await eventually("waiter \(number) is in line") { client.statistics.waiting == number + 1 }
                    }
                }
                try await group.waitForAll()
            }
            numbers.finish()
            #expect(await served.reduce(into: []) { $0.append($1) } == Array(0..<20))
        }
    }

    @Test func aWaiterIsNotKeptBeyondItsTime() async throws {
        try await withDatabase(
            configure: {
                $0.maxConnections = 1
                $0.acquireTimeout = .seconds(2)
            }
        ) { client in
            try await client.withConnection { _ in
                let start = ContinuousClock.now
                let error = try await failure { try await client.query("SELECT 1") }
                #expect(error?.code == .poolExhausted)
                #expect(ContinuousClock.now - start >= .seconds(2))
            }
            #expect(try await client.value("SELECT 1::int8", as: Int.self) == 1)
        }
    }

    @Test func theLineIsBounded() async throws {
        try await withDatabase(
            configure: {
                $0.maxConnections = 1
                $0.maxWaiters = 1
            }
        ) { client in
            try await client.withConnection { _ in
                let waiter = Task { try await client.query("SELECT 1") }
                try await eventually("the line is full") { client.statistics.waiting == 1 }
                #expect(try await failure { try await client.query("SELECT 1") }?.code == .poolExhausted)
                waiter.cancel()
                #expect(try await failure { try await waiter.value }?.code == .cancelled)
                #expect(client.statistics.waiting == 0)
            }
        }
    }

    @Test func noMoreConnectionsThanAllowedAreOpened() async throws {
        let url = try await database()
        try await withClient(url: url, configure: { $0.maxConnections = 3 }) { client in
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { try await client.query("SELECT pg_sleep(0.005)") }
                }
                try await group.waitForAll()
            }
            let sessions = try await client.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()", as: Int.self)
            #expect(sessions == 3)
        }
    }

    @Test func aClosedClientFailsEveryCall() async throws {
        try await withDatabase(configure: { $0.maxConnections = 1 }) { client in
            let started = AsyncStream.makeStream(of: Void.self)
            let goOn = AsyncStream.makeStream(of: Void.self)
            let holder = Task {
                try await client.withConnection { connection in
                    started.continuation.yield()
                    for await _ in goOn.stream { break }
                    return try await connection.query("SELECT 7::int8").rows[0].decode(Int.self)
                }
            }
            for await _ in started.stream { break }
            let waiter = Task { try await client.query("SELECT 1") }
            try await eventually("somebody waits") { client.statistics.waiting == 1 }
            async let closed: Void = client.close()
            #expect(try await failure { try await waiter.value }?.code == .shutDown)
            // The connection in use works until it comes back, and closing waits for that.
            goOn.continuation.yield()
            #expect(try await holder.value == 7)
            await closed
            #expect(try await failure { try await client.query("SELECT 1") }?.code == .shutDown)
            #expect(try await failure { try await client.withTransaction { _ in } }?.code == .shutDown)
            #expect(client.statistics == PostgresPoolStatistics(idle: 0, leased: 0, connecting: 0, waiting: 0))
        }
    }

    /// The shared server takes 100 sessions, so at no time more than about 100 threads are in use by all the tests
    /// together: 200 threads that had stayed behind would be seen.
    @Test func threadsEndWithTheirConnections() async throws {
        let url = try await database()
        let before = try descriptors()
        for _ in 0..<200 {
            try await withClient(url: url) { client async throws in
                #expect(try await client.value("SELECT 1::int8", as: Int.self) == 1)
            }
        }
        try await eventually("threads end") { try connectionThreads() < 100 }
        #expect(try descriptors() < before + 100)
    }

    private func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    private func connectionThreads() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count { thread in
            // A thread that ended meanwhile has no name to read.
            (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) == "postgres\n"
        }
    }
}
