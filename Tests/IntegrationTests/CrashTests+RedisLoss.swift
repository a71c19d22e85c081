import Foundation
import TestSupport
import Testing

@testable import LoadTest

extension CrashTests {
    @Test(
        """
        Redis loses the tail of its file, goes back to an old one, and loses its data folder: each time the sale goes on by \
        itself; audit clean by receipts (P30, P35, I1, I2)
        """)
    func memoryLost() async throws {
        var generator = SeededGenerator(seed: 2)
        let output = try await sale(on: .server, settings: ["RECOVERY_GRACE": "1s"]) { stack, sale in
            let backup = try temporaryDirectory("backup").appending(path: "appendonlydir")
            try FileManager.default.copyItem(at: stack.redisServer.appendOnlyFile, to: backup)
            try await sale.goesOn("a lost tail") { file in
                _ = try tear(file, within: 64 * 1024, using: &generator)
            }
            try await sale.accepted(300)
            try await sale.goesOn("an old file") { file in
                try FileManager.default.removeItem(at: file)
                try FileManager.default.copyItem(at: backup, to: file)
            }
            try await sale.accepted(300)
            try await sale.goesOn("an empty folder") { file in try FileManager.default.removeItem(at: file) }
        }
        #expect(output.contains("put back by receipts"), "the test must lose orders")
    }
}

extension Sale {
    /// Lets a backlog grow that Postgres knows nothing of, kills Redis, spoils its append-only file, starts all again, and
    /// waits until stock is loaded and purchases are accepted.
    fileprivate func goesOn(_ loss: String, after spoil: (URL) throws -> Void) async throws {
        stack.endWorker(SIGKILL)
        try await accepts(100, "without a worker")
        stack.redisServer.stop(SIGKILL)
        try spoil(stack.redisServer.appendOnlyFile)
        try stack.startWorker()
        try await stack.redisServer.restart()
        let back = ContinuousClock.now
        // Until then a Redis that still has stock sells from it: what it sells too much, Postgres refuses.
        try await eventually("stock is loaded after \(loss)") {
            stack.workerLog.split(separator: "\n").contains { $0.contains("stock.load") && $0.contains("LOADED") }
        }
        try await accepts(1, "after \(loss)")
        let pause = ContinuousClock.now - back
        print("after \(loss) the sale went on within \(pause)")
        #expect(pause <= .seconds(5))
    }

    private func accepts(_ count: Double, _ situation: String) async throws {
        let before = try await acceptedByGateway()
        try await eventually("\(count) purchases are accepted \(situation)") {
            try await acceptedByGateway() >= before + count
        }
    }

    private func acceptedByGateway() async throws -> Double {
        let metrics = String(decoding: try await stack.send("GET", "/metrics").body, as: UTF8.self)
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("onsale_purchases_accepted_total") }
        return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    }
}
