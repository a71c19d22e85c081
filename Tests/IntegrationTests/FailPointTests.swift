import Foundation
import OnsaleConfiguration
import TestSupport
import Testing

/// One stack for all points: a sale that goes well leaves nothing behind, and one that does not is found by its audit.
private let shared = Task { try await SaleStack(workerSettings: ["RECOVERY_GRACE": "200ms"]) }

@Suite("A sale through each fail point", .serialized, .timeLimit(.minutes(10)))
struct FailPointTests {
    /// Those that a sale passes; the last one is a mistake made on purpose.
    private static let points = FailPoint.allCases.filter { $0 != .afterEarlyAcknowledge }

    /// Sells out after 4 s if nothing is in its way; a lease has to run out after each death.
    private static let load = [
        "--tickets", "1000", "--buyers", "1100", "--rate", "250", "--max-quantity", "2", "--decline-percent", "20",
        "--timeout", "90",
    ]

    @Test("Killed there twice in mid-sale: every order final, audit clean (P2, P9, I8, I13)", arguments: points)
    func killed(at point: FailPoint) async throws {
        let stack = try await shared.value
        let load = try stack.startLoad(FailPointTests.load)
        try await Sale(stack: stack, load: load).accepted(50)
        let name = point == .afterReserve ? "gateway" : "worker"
        // Nothing is loaded again while Redis has its memory.
        if point == .midLoad { _ = try await stack.redisCommand("FLUSHALL") }
        // Nothing is to be repaired in a sale that goes well.
        if point == .inReconcile { try await stack.addSurplus(3) }
        for _ in 1...2 {
            stack.process(name)?.stop(SIGKILL)
            try stack.start(
                "onsale-\(name)", as: name,
                ["FAIL_POINT": "\(point.rawValue):\(passage(of: point))", "RECONCILE_INTERVAL": "100ms"])
            let status = try await stack.process(name)?.exitStatus(within: .seconds(40))
            #expect(status == 128 + SIGKILL, "the process was to die at the point")
        }
        #expect(load.isRunning, "the point was passed after the sale")
        try stack.start("onsale-\(name)", as: name, ["RECONCILE_INTERVAL": "100ms"])
        let status = try await load.exitStatus(within: .seconds(120))
        #expect(status == 0, "the audit failed:\n\(load.output.suffix(4_000))\n\(stack.workerLog.suffix(2_000))")
        #expect(try stack.count("SELECT count(*) FROM ticket_orders WHERE status IN ('pending', 'paid')") == 0)
        #expect(try stack.capturedWithoutTickets() == 0, "(I8)")
        #expect(try await stack.leftInRedis() == "0 entries, 0 dead, 0 pending records", "(I15, P13)")
        if point == FailPointTests.points.last { stack.stop() }
    }

    /// Purchases and charges come singly, the rest in batches, and stock is loaded once in a process' life. On a slow
    /// machine what has piled up while a lease ran out is settled in one batch: there may be no second cancellation.
    private func passage(of point: FailPoint) -> Int {
        switch point {
        case .afterReserve, .afterCharge: 20
        case .midLoad, .inReconcile, .afterCancel, .afterRelease: 1
        default: 2
        }
    }
}

extension SaleStack {
    /// Makes Redis believe that the newest event has so many more units.
    fileprivate func addSurplus(_ units: Int) async throws {
        let event = try newestEvent()
        _ = try await redisCommand("HINCRBY", key("event:\(event)", ofEvent: event), "available", "\(units)")
    }
}
