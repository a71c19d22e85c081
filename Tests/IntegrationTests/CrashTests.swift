import Foundation
import TestSupport
import Testing

/// Sales during which parts are killed. The load generator's audit (I1–I7, I13, I14, I16) is the judge: it exits with 0
/// only when every promise was kept and every accepted order is final.
@Suite("A sale whose parts die", .serialized, .timeLimit(.minutes(10)))
struct CrashTests {
    /// Enough load to be in mid-sale at every blow: at 800 orders a second it would sell out after 8 s if nothing were in
    /// its way.
    private static let tickets = 9_000

    /// Runs a sale, strikes while it goes on, expects a clean audit, and returns what the generator said (`Sale.run`).
    @discardableResult
    func sale(
        on redis: SaleRedis.Kind = .ofThisRun, settings: [String: String] = [:], of tickets: Int = CrashTests.tickets,
        _ strike: (SaleStack, Sale) async throws -> Void
    ) async throws -> String {
        let stack = try await SaleStack(redis: redis, workerSettings: settings)
        return try await Sale.run(on: stack, of: tickets) { try await strike(stack, $0) }
    }

    @Test("Of two workers one killed three times, and the gateway twice: audit clean, every order final (P2, P9, P10)")
    func processesKilled() async throws {
        try await sale { stack, sale in
            try stack.startSecondWorker()
            for round in 1...3 {
                stack.endWorker(SIGKILL)
                try stack.startWorker()
                if round < 3 {
                    stack.endGateway(SIGKILL)
                    try stack.startGateway()
                }
                try await stack.untilReady()
                try await sale.accepted(200)
            }
        }
    }

    @Test("Scripts flushed all the time, Redis and Postgres killed and restarted: audit clean (P7, P8)")
    func serversKilled() async throws {
        try await sale { stack, sale in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        // Fails while Redis is down; the next one matters.
                        _ = try? await stack.redisCommand("SCRIPT", "FLUSH")
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                stack.redis.stop(SIGKILL)
                try await stack.redis.restart()
                try await sale.accepted(200)
                try stack.postgres.restart()
                try await sale.accepted(200)
                try stack.postgres.restart(.immediate)
                try await sale.accepted(200)
                group.cancelAll()
            }
        }
    }

    @Test("Redis emptied ten times: what was accepted is put back by receipts, audit clean (P35, I2, I4)")
    func redisEmptied() async throws {
        let output = try await sale { stack, sale in
            for _ in 0..<10 {
                _ = try await stack.redisCommand("FLUSHALL")
                try await sale.accepted(150)
            }
        }
        #expect(output.contains("put back by receipts"), "the test must lose orders")
    }

    @Test("A worker stopped by SIGTERM leaves nothing half done, and a gateway drains")
    func gracefulShutdown() async throws {
        try await sale { stack, sale in
            #expect(stack.endWorker(SIGTERM) == 0)
            try stack.startWorker()
            try await sale.accepted(200)
            #expect(stack.endGateway(SIGTERM) == 0)
            try stack.startGateway()
            try await stack.untilReady()
        }
    }

    @Test("A worker paused beyond its lease, with another one at work, writes nothing when it wakes (P11, I12)")
    func pausedWorker() async throws {
        try await sale { stack, sale in
            try stack.recordWrites()
            // Started again under a name by which Postgres knows whose statements they are.
            stack.endWorker(SIGTERM)
            try stack.startWorker(["DATABASE_URL": stack.databaseURL + "?application_name=first"])
            try await eventually("the first worker writes") { try !stack.writes(by: "first").isEmpty }
            try stack.startSecondWorker(["DATABASE_URL": stack.databaseURL + "?application_name=second"])
            stack.signalWorker(SIGSTOP)
            let second = try #require(stack.process("second-worker"))
            try await eventually("the other worker has taken over", within: .seconds(30)) {
                Set(stack.epochs("lane.serve", in: second.output).map(\.partition)).count == 4
            }
            try await eventually("the other worker writes") { try !stack.writes(by: "second").isEmpty }
            stack.signalWorker(SIGCONT)
            try await eventually("the first worker has noticed that every lane is lost") {
                Set(stack.epochs("lane.lost", in: stack.workerLog).map(\.partition)).count == 4
            }
            try await sale.accepted(200)

            // Whatever a worker wrote, it wrote under an epoch that was its own.
            let first = stack.epochs("lane.serve", in: stack.workerLog)
            let later = stack.epochs("lane.serve", in: second.output)
            #expect(try stack.writes(by: "first").isSubset(of: first))
            #expect(try stack.writes(by: "second").isSubset(of: later))
            #expect(first.isDisjoint(with: later))
            // And the first has lost each lane to a later epoch of the second.
            for lost in stack.epochs("lane.lost", in: stack.workerLog) {
                #expect(later.contains { $0.partition == lost.partition && $0.epoch > lost.epoch })
            }
        }
    }

    @Test(
        "Postgres rejects one order in ten: those end cancelled, their units return, their neighbours sell (P9, P12, P16)"
    )
    func rowsRejected() async throws {
        let stack = try await SaleStack()
        _ = try stack.postgres.psql(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF get_byte(uuid_send(NEW.id), 0) % 10 = 0 THEN
                    RAISE EXCEPTION 'refused';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON ticket_orders FOR EACH ROW EXECUTE FUNCTION refuse();
            """, url: stack.databaseURL)
        let event = try await stack.openEvent(tickets: 200, limit: 1_000)
        let buyer = try await stack.register()
        let replies = try await parallel(200) { _ in try await stack.buy(event, by: buyer) }
        let orders = try replies.map { try #require($0.orderID) }
        let statuses = try await parallel(orders.count) { index in
            try await stack.finalOrder(orders[index], by: buyer).json["status"].string
        }
        let refused = orders.count { UInt8($0.prefix(2), radix: 16)! % 10 == 0 }
        #expect(refused > 0)
        #expect(statuses.count { $0 == "cancelled" } == refused)
        #expect(statuses.count { $0 == "confirmed" } == 200 - refused)
        let redis = try await stack.ledger(of: event)["redis"]
        #expect(redis["available"].int == refused)
        #expect(try await stack.redisCommand("XLEN", stack.key("dead", ofEvent: event)) == "\(refused)")
        #expect(try await stack.redisCommand("XLEN", stack.key("intents", ofEvent: event)) == "0")
    }

    @Test("A poll during a loss of Redis tells the truth from Postgres, and a queued order is never unknown (P26)")
    func pollWithoutRedis() async throws {
        let stack = try await SaleStack()
        let event = try await stack.openEvent(tickets: 10)
        let buyer = try await stack.register()
        let done = try #require(try await stack.buy(event, by: buyer).orderID)
        _ = try await stack.finalOrder(done, by: buyer)
        stack.endWorker(SIGTERM)
        let queued = try #require(try await stack.buy(event, by: buyer).orderID)
        stack.redis.stop(SIGKILL)
        let settled = try await stack.order(done, by: buyer)
        #expect(settled.json["status"].string == "confirmed")
        let unknown = try await stack.order(queued, by: buyer)
        #expect(unknown.status == 503)
        #expect(unknown.headers["retry-after"] != nil)
        try await stack.redis.restart()
        try stack.startWorker()
        try await stack.untilReady()
        #expect(try await stack.finalOrder(queued, by: buyer).json["status"].string == "confirmed")
    }
}
