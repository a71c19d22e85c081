import Foundation
import NIOCore
import Ticketing

/// The event, its buyers and the loops they stand in: everything that is ready before the sale opens.
struct SaleStage: Sendable {
    let event: EventID
    let capacity: Int
    let limitPerBuyer: Int
    let buyers: [Buyer]
    let buyerLoops: [BuyerLoopHandle]
    let earlierOrders: Set<OrderID>

    /// Buyer `index` always stands in the same loop, so that one loop owns all of a buyer's purchases.
    func run(_ plans: [PurchasePlan], wave: Int, at start: Instant, deadline: Instant) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, buyerLoop) in buyerLoops.enumerated() {
                let own = plans.filter { $0.buyer % buyerLoops.count == number }
                group.addTask { try await buyerLoop.run(own, wave: wave, at: start, deadline: deadline) }
            }
            try await group.waitForAll()
        }
    }

    func record() async throws -> LoadRecord {
        var sum = LoadRecord()
        for buyerLoop in buyerLoops { sum.merge(try await buyerLoop.record()) }
        return sum
    }

    func lostRequests() async throws -> Int {
        var sum = 0
        for buyerLoop in buyerLoops { sum += try await buyerLoop.lostRequests() }
        return sum
    }

    func purchases() async throws -> [Purchase] {
        var all: [Purchase] = []
        for buyerLoop in buyerLoops { all += try await buyerLoop.purchases() }
        return all
    }

    func history(replays: [KeyReplay] = []) async throws -> SaleHistory {
        SaleHistory(
            event: event, capacity: capacity, limitPerBuyer: limitPerBuyer, buyers: buyers.map(\.id),
            purchases: try await purchases(), replays: replays, earlierOrders: earlierOrders)
    }

    /// Waits until the purchase connections are open, so that connecting is no part of what is measured.
    func waitForConnections(_ count: Int, within limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        var open = 0
        while ContinuousClock.now < end {
            open = 0
            for buyerLoop in buyerLoops { open += try await buyerLoop.warmConnections() }
            if open >= count { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw LoadTestError(.deadline, "only \(open) of \(count) connections could be opened")
    }

    func stop() async throws {
        for buyerLoop in buyerLoops { try await buyerLoop.stop() }
    }
}
