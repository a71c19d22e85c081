import Foundation
import NIOCore

/// The visitors of this process: its event loops and whom they serve.
struct Crowd: Sendable {
    let buyerLoops: [BuyerLoopHandle]
    /// Whoever comes twice stands in the same loop: buyer `b` in loop `b / agents % loops`, as each agent has every
    /// `agents`th buyer.
    var agents = 1

    /// Makes `traffic.threads` loops that share the connections.
    static func gather(
        on group: any EventLoopGroup, _ configuration: BuyerLoop.Configuration, traffic: Scenario.Traffic,
        buyers: [Buyer], seed: UInt64, agents: Int = 1
    ) async throws -> Crowd {
        var configuration = configuration
        configuration.connections = max(1, traffic.connections / traffic.threads)
        configuration.pollConnections = max(1, traffic.pollConnections / traffic.threads)
        configuration.version = traffic.version
        configuration.keepAlive = traffic.keepAlive
        var buyerLoops: [BuyerLoopHandle] = []
        for number in 0..<traffic.threads {
            buyerLoops.append(
                try await BuyerLoopHandle.make(
                    on: group.next(), configuration: configuration, buyers: buyers,
                    seed: seed &+ UInt64(number) &+ 1))
        }
        return Crowd(buyerLoops: buyerLoops, agents: agents)
    }

    /// What lining up so many visits may take. A wave that begins no earlier has its first visits on time.
    static func lead(before arrivals: Int) -> Duration { .milliseconds(100) + .microseconds(10) * arrivals }

    func run(
        _ arrivals: [Arrival], wave: Int, at start: Instant, deadline: Instant, watching order: WatchedOrder? = nil
    ) async throws {
        try await forEach { number, buyerLoop in
            let own = arrivals.filter { $0.buyer / agents % buyerLoops.count == number }
            try await buyerLoop.run(own, wave: wave, at: start, deadline: deadline, watching: order)
        }
    }

    /// Follows the orders of those who went away, and reads that many ended orders again.
    func look(rereads: Int, deadline: Instant) async throws {
        try await forEach { number, buyerLoop in
            let own = rereads / buyerLoops.count + (number < rereads % buyerLoops.count ? 1 : 0)
            try await buyerLoop.look(rereads: own, deadline: deadline)
        }
    }

    func record() async throws -> LoadRecord {
        var sum = LoadRecord()
        for buyerLoop in buyerLoops { sum.merge(try await buyerLoop.record()) }
        return sum
    }

    func chapter() async throws -> HistoryChapter {
        var chapter = HistoryChapter()
        for buyerLoop in buyerLoops { chapter.append(try await buyerLoop.chapter()) }
        return chapter
    }

    func lostRequests() async throws -> Int {
        var sum = 0
        for buyerLoop in buyerLoops { sum += try await buyerLoop.lostRequests() }
        return sum
    }

    func openConnections() async throws -> Int {
        var sum = 0
        for buyerLoop in buyerLoops { sum += try await buyerLoop.openConnections() }
        return sum
    }

    func watchedOrder(of number: Int) async throws -> WatchedOrder? {
        for buyerLoop in buyerLoops {
            if let order = try await buyerLoop.watchedOrder(of: number) { return order }
        }
        return nil
    }

    /// Waits until the purchase connections are open, so that connecting is no part of what is measured.
    func waitForConnections(_ traffic: Scenario.Traffic, within limit: Duration) async throws {
        guard traffic.keepAlive, traffic.version == .http1 else { return }
        let count = traffic.threads * max(1, traffic.connections / traffic.threads)
        let end = ContinuousClock.now + limit
        var open = 0
        while ContinuousClock.now < end {
            open = try await openConnections()
            if open >= count { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw LoadTestError(.deadline, "only \(open) of \(count) connections could be opened")
    }

    func stop() async throws {
        for buyerLoop in buyerLoops { try await buyerLoop.stop() }
    }

    private func forEach(
        _ work: @escaping @Sendable (Int, BuyerLoopHandle) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, buyerLoop) in buyerLoops.enumerated() {
                group.addTask { try await work(number, buyerLoop) }
            }
            try await group.waitForAll()
        }
    }
}
