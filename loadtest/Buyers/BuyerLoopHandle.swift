import Foundation
import NIOCore
import Ticketing

/// A loop as seen from outside its event loop.
struct BuyerLoopHandle: Sendable {
    private let loop: any EventLoop
    private let buyerLoop: NIOLoopBound<BuyerLoop>

    static func make(
        on loop: any EventLoop, configuration: BuyerLoop.Configuration, buyers: [Buyer], seed: UInt64
    ) async throws -> BuyerLoopHandle {
        let buyerLoop = try await loop.submit {
            let buyerLoop = BuyerLoop(loop: loop, configuration: configuration, buyers: buyers, seed: seed)
            buyerLoop.prepare()
            return NIOLoopBound(buyerLoop, eventLoop: loop)
        }.get()
        return BuyerLoopHandle(loop: loop, buyerLoop: buyerLoop)
    }

    /// Connections that are open.
    func openConnections() async throws -> Int {
        try await loop.submit { buyerLoop.value.purchasing.openConnections + buyerLoop.value.polling.openConnections }
            .get()
    }

    func run(
        _ arrivals: [Arrival], wave: Int, at start: Instant, deadline: Instant, watching order: WatchedOrder? = nil
    ) async throws {
        try await loop.flatSubmit {
            buyerLoop.value.watched = order
            return buyerLoop.value.start(arrivals, wave: wave, at: start, deadline: deadline)
        }.get()
    }

    /// See `BuyerLoop.look`.
    func look(rereads: Int, deadline: Instant) async throws {
        try await loop.flatSubmit { buyerLoop.value.look(rereads: rereads, deadline: deadline) }.get()
    }

    func record() async throws -> LoadRecord {
        try await loop.submit { buyerLoop.value.record }.get()
    }

    func purchases() async throws -> [Purchase] {
        try await loop.submit { buyerLoop.value.purchases }.get()
    }

    /// Everything that the loop's visitors did so far.
    func chapter() async throws -> HistoryChapter {
        try await loop.submit {
            HistoryChapter(
                visits: buyerLoop.value.visits,
                keys: Dictionary(
                    buyerLoop.value.purchases.lazy.map { ($0.visit.number, $0.key) }, uniquingKeysWith: { $1 }),
                operations: buyerLoop.value.log.operations, dropped: buyerLoop.value.log.dropped)
        }.get()
    }

    func watchedOrder(of number: Int) async throws -> WatchedOrder? {
        try await loop.submit {
            let buyerLoop = buyerLoop.value
            guard let tag = buyerLoop.purchases.firstIndex(where: { $0.visit.number == number }),
                let order = buyerLoop.conversations[tag].orderText ?? buyerLoop.purchases[tag].order?.description
            else { return nil }
            return WatchedOrder(order: order, token: buyerLoop.buyers[buyerLoop.purchases[tag].buyer].token)
        }.get()
    }

    func lostRequests() async throws -> Int {
        try await loop.submit { buyerLoop.value.purchasing.lostRequests + buyerLoop.value.polling.lostRequests }.get()
    }

    /// Closes the loop's connections; what is still under way ends as it stands.
    func stop() async throws {
        try await loop.submit { buyerLoop.value.stop() }.get()
    }
}
