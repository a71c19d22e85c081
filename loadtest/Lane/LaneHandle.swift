import NIOCore

/// A lane as seen from outside its event loop.
struct LaneHandle: Sendable {
    private let loop: any EventLoop
    private let lane: NIOLoopBound<BuyerLane>

    static func make(
        on loop: any EventLoop, configuration: BuyerLane.Configuration, buyers: [Buyer], seed: UInt64
    ) async throws -> LaneHandle {
        let lane = try await loop.submit {
            let lane = BuyerLane(loop: loop, configuration: configuration, buyers: buyers, seed: seed)
            lane.prepare()
            return NIOLoopBound(lane, eventLoop: loop)
        }.get()
        return LaneHandle(loop: loop, lane: lane)
    }

    /// Connections that are open for purchases.
    func warmConnections() async throws -> Int {
        try await loop.submit { lane.value.purchasing.openConnections }.get()
    }

    func run(_ plans: [PurchasePlan], wave: Int, at start: Instant, deadline: Instant) async throws {
        try await loop.flatSubmit {
            lane.value.start(plans, wave: wave, at: start, deadline: deadline)
        }.get()
    }

    func record() async throws -> LaneRecord {
        try await loop.submit { lane.value.record }.get()
    }

    func purchases() async throws -> [Purchase] {
        try await loop.submit { lane.value.purchases }.get()
    }

    func lostRequests() async throws -> Int {
        try await loop.submit { lane.value.purchasing.lostRequests + lane.value.polling.lostRequests }.get()
    }

    /// Closes the lane's connections; what is still under way ends as it stands.
    func stop() async throws {
        try await loop.submit { lane.value.stop() }.get()
    }
}
