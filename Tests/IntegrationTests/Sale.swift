import Foundation
import TestSupport
import Testing
import Ticketing

/// A sale under way.
struct Sale {
    let stack: SaleStack
    let load: ServerProcess

    /// Sells `tickets` at 800 orders a second, strikes while that goes on, expects a clean audit, and returns what the
    /// generator said.
    ///
    /// - Parameter tickets: As many as there are buyers, who want more.
    @discardableResult
    static func run(
        on stack: SaleStack, of tickets: Int, _ strike: (Sale) async throws -> Void
    ) async throws -> String {
        let load = try stack.startLoad([
            "--tickets", "\(tickets)", "--buyers", "\(tickets)", "--rate", "800", "--max-quantity", "2",
            "--decline-percent", "5", "--timeout", "180",
        ])
        let sale = Sale(stack: stack, load: load)
        try await sale.accepted(200)
        try await strike(sale)
        #expect(load.isRunning, "the strike came after the sale")
        let status = try await load.exitStatus(within: .seconds(240))
        #expect(status == 0, "the audit failed:\n\(load.output.suffix(4_000))\n\(stack.workerLog.suffix(2_000))")
        #expect(try stack.count("SELECT count(*) FROM ticket_orders WHERE status IN ('pending', 'paid')") == 0)
        #expect(try stack.count("SELECT count(*) FROM events WHERE available_tickets < 0") == 0)
        let confirmed = try stack.count("SELECT sum(quantity) FROM ticket_orders WHERE status = 'confirmed'")
        #expect(confirmed == tickets, "the event sells out to the last ticket")
        #expect(try stack.capturedWithoutTickets() == 0, "(I8)")
        // Records of a replica that was behind, or of an old file, show orders as pending that have ended since, until the
        // reconciler has told them.
        try await eventually("nothing is left in Redis (I15, P13)", within: .seconds(60)) {
            try await stack.leftInRedis() == "0 entries, 0 dead, 0 pending records"
        }
        return load.output
    }

    /// The hash tag of the event on sale.
    func tag() throws -> String {
        let id = try stack.newestEvent()
        guard let event = EventID(id) else { throw ServerError(description: "no event: \(id)") }
        return Partitioning(count: 4).partition(of: event).tag
    }

    /// Waits until `count` more purchases are accepted than now, or the load has ended.
    func accepted(_ count: Int) async throws {
        let orders = "SELECT count(*) FROM ticket_orders"
        let start = try await settledCount(orders)
        try await eventually("\(count) more orders", within: .seconds(60)) {
            guard load.isRunning else { return true }
            return try await settledCount(orders) >= start + count
        }
    }

    /// A figure of the database, asked again while that is restarting.
    private func settledCount(_ sql: String) async throws -> Int {
        var count = -1
        try await eventually("Postgres answers", within: .seconds(30)) {
            do { count = try stack.count(sql) } catch { return false }
            return count >= 0
        }
        return count
    }
}
