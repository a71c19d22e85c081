import NIOCore

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

    /// Connections that are open for purchases.
    func warmConnections() async throws -> Int {
        try await loop.submit { buyerLoop.value.purchasing.openConnections }.get()
    }

    func run(_ plans: [PurchasePlan], wave: Int, at start: Instant, deadline: Instant) async throws {
        try await loop.flatSubmit {
            buyerLoop.value.start(plans, wave: wave, at: start, deadline: deadline)
        }.get()
    }

    func record() async throws -> LoadRecord {
        try await loop.submit { buyerLoop.value.record }.get()
    }

    func purchases() async throws -> [Purchase] {
        try await loop.submit { buyerLoop.value.purchases }.get()
    }

    func lostRequests() async throws -> Int {
        try await loop.submit { buyerLoop.value.purchasing.lostRequests + buyerLoop.value.polling.lostRequests }.get()
    }

    /// Closes the loop's connections; what is still under way ends as it stands.
    func stop() async throws {
        try await loop.submit { buyerLoop.value.stop() }.get()
    }
}
