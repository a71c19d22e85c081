import Foundation
import TestSupport
import Testing
import Ticketing

/// Redis and Postgres compared while real processes run.
@Suite("Reconciliation", .serialized, .timeLimit(.minutes(10)))
struct ReconcileTests {
    private static let often = ["RECONCILE_INTERVAL": "100ms"]

    @Test(
        "The command and the metrics tell each kind of drift, the command repairs it without a worker, and the rest sells"
    )
    func byCommand() async throws {
        let stack = try await SaleStack(workerSettings: Self.often.merging(["RECONCILE_REPAIR": "false"]) { $1 })
        let event = try await stack.openEvent(tickets: 12, limit: 3)
        let buyer = try await stack.register()
        let order = try #require(try await stack.buy(event, quantity: 2, by: buyer).orderID)
        let declined = try #require(try await stack.buy(event, method: "pm_declined", by: buyer).orderID)
        #expect(try await stack.finalOrder(order, by: buyer).json["status"].string == "confirmed")
        #expect(try await stack.finalOrder(declined, by: buyer).json["status"].string == "cancelled")
        try await eventually("all is balanced") { try await stack.reconcile(event).status == 0 }

        // Surplus units, a buyer's count, a record that was not told, and a charge that nothing ends.
        _ = try await stack.redisCommand("HINCRBY", stack.key("event:\(event)", ofEvent: event), "available", "5")
        _ = try await stack.redisCommand("HINCRBY", stack.key("buyers:\(event)", ofEvent: event), "\(buyer.id)", "-1")
        _ = try await stack.redisCommand("HSET", stack.key("order:\(order)", ofEvent: event), "status", "pending")
        _ = try stack.postgres.psql(
            """
            UPDATE ticket_orders SET updated_at = updated_at - interval '1 minute';
            UPDATE simulated_provider.charges SET status = 'captured' WHERE idempotency_key = '\(declined)';
            """, url: stack.databaseURL)
        var report = try await stack.reconcile(event)
        #expect(report.status == 1, "\(report.json)")
        let drift = report.json["events"][0]["drift"]
        #expect(drift["surplus"].int == 5)
        #expect(drift["buyers"].int == 1)
        #expect(drift["records"].int == 1)
        #expect(report.json["charges"]["drift"]["unended"].int == 1)
        for kind in ["surplus", "buyers", "records"] {
            try await eventually("the metrics tell \(kind)") {
                try await stack.metric("onsale_drift", "kind=\"\(kind)\"") == (kind == "surplus" ? 5 : 1)
            }
        }
        try await eventually("the metrics tell the charge") {
            try await stack.metric("onsale_charges_unsettled", "kind=\"unended\"") == 1
        }
        #expect(try await stack.metric("onsale_repairs_total") == 0)

        // With its worker at work, the lane is not taken away from it.
        report = try await stack.reconcile(event, "--repair", "--wait", "1")
        #expect(report.status == 1)
        #expect(report.json["events"][0]["remark"].string?.contains("worker") == true, "\(report.json)")
        stack.endWorker(SIGTERM)
        report = try await stack.reconcile(event, "--repair")
        #expect(report.status == 0, "\(report.json)")
        #expect(report.json["events"][0]["repaired"]["surplus"].int == 5)
        #expect(try await stack.reconcile(event).status == 0)

        // The rest sells to the last ticket, the limit holds, and the money comes back.
        try stack.startWorker()
        #expect(try await stack.buy(event, quantity: 2, by: buyer).code == "limit_exceeded")
        #expect(try await stack.buy(event, quantity: 1, by: buyer).status == 202)
        let others = try await parallel(12) { _ in try await stack.buy(event, by: try await stack.register()).status }
        #expect(others.count { $0 == 202 } == 9)
        #expect(others.count { $0 == 409 } == 3)
        try await eventually("the charge is given back", within: .seconds(30)) {
            try stack.count(
                "SELECT count(*) FROM simulated_provider.charges WHERE idempotency_key = '\(declined)' "
                    + "AND refunded_at IS NOT NULL") == 1
        }
        try await eventually("all are sold") { try await stack.ledger(of: event)["postgres"]["sold"].int == 12 }
        try await eventually("all is balanced in the end") { try await stack.reconcile(event).status == 0 }
    }

    @Test(
        "The worker repairs by itself: units that are missing sell after all",
        arguments: ["missing", "unloaded", "unreadable"])
    func byWorker(_ kind: String) async throws {
        let stack = try await SaleStack(workerSettings: Self.often)
        let event = try await stack.openEvent(tickets: 6)
        let key = stack.key("event:\(event)", ofEvent: event)
        switch kind {
        case "missing": _ = try await stack.redisCommand("HINCRBY", key, "available", "-5")
        case "unloaded": _ = try await stack.redisCommand("DEL", key)
        default: _ = try await stack.redisCommand("HSET", key, "available", "many")
        }
        try await eventually("the worker has loaded it anew", within: .seconds(30)) {
            if try await stack.metric("onsale_repairs_total", "kind=\"\(kind)\"") == 1 { return true }
            // A lane that starts anew meanwhile finds these by itself.
            guard kind != "missing" else { return false }
            return try await stack.redisCommand("HGET", key, "available") == "6"
        }
        try await eventually("the stock is there") {
            try await stack.redisCommand("HGET", key, "available") == "6"
        }
        let statuses = try await parallel(8) { _ in try await stack.buy(event, by: try await stack.register()).status }
        #expect(statuses.count { $0 == 202 } == 6)
        try await eventually("all is balanced") { try await stack.reconcile(event).status == 0 }
        try await eventually("the worker has compared again") { try await stack.metric("onsale_drift") == 0 }
    }

    @Test("While orders wait on the stream and no worker is there, the command repairs nothing and says why")
    func refusals() async throws {
        let stack = try await SaleStack(workerSettings: Self.often)
        let event = try await stack.openEvent(tickets: 6)
        let buyer = try await stack.register()
        stack.endWorker(SIGTERM)
        let order = try #require(try await stack.buy(event, by: buyer).orderID)
        #expect(try await stack.reconcile(event).status == 0, "an order on the stream is no drift")
        _ = try await stack.redisCommand("HINCRBY", stack.key("event:\(event)", ofEvent: event), "available", "2")
        let report = try await stack.reconcile(event, "--repair", "--wait", "1")
        #expect(report.status == 1)
        #expect(report.json["events"][0]["drift"]["surplus"].int == 2, "\(report.json)")
        #expect(report.json["events"][0]["remark"].string?.contains("entries wait on the stream") == true)
        #expect(report.json["events"][0]["inFlight"].int == 1)
        // The worker finds it as well, and ends it.
        try stack.startWorker()
        #expect(try await stack.finalOrder(order, by: buyer).json["status"].string == "confirmed")
        try await eventually("all is balanced", within: .seconds(20)) { try await stack.reconcile(event).status == 0 }
        #expect(try await stack.ledger(of: event)["redis"]["available"].int == 5)
        let unknown = try stack.exit("onsale", ["reconcile", EventID().description])
        #expect(unknown.status == 1)
        #expect(unknown.output.contains("there is no event"))
        #expect(try stack.exit("onsale", ["reconcile", "x"]).status == 64)
    }

    @Test("The outbox shows what waits and what is dead with its reason, and a dead message can be tried again")
    func outbox() async throws {
        let stack = try await SaleStack()
        let event = try await stack.openEvent(tickets: 6)
        let buyer = try await stack.register()
        let order = try #require(try await stack.buy(event, method: "pm_slow", by: buyer).orderID)
        try await eventually("the order is committed") {
            try stack.count("SELECT count(*) FROM pending_orders WHERE order_id = '\(order)'") == 1
        }
        stack.endWorker(SIGKILL)
        #expect(try await stack.send("POST", "/api/orders/\(order)/cancel", token: buyer.token).status == 200)
        let listed = try stack.run("onsale", "outbox")
        #expect(listed.contains("release"))
        #expect(listed.contains("void"))
        #expect(listed.contains("2 waiting"))
        _ = try stack.postgres.psql(
            "UPDATE outbox SET dead_at = now(), attempts = 3, failure = 'refused for good' WHERE kind = 'void'",
            url: stack.databaseURL)
        let dead = try stack.run("onsale", "outbox", "--dead")
        #expect(dead.contains("refused for good"))
        #expect(!dead.contains("release"))
        let id = try stack.count("SELECT id FROM outbox WHERE kind = 'void'")
        #expect(try stack.run("onsale", "outbox", "--retry", "\(id)").contains("tried again"))
        #expect(try stack.exit("onsale", ["outbox", "--retry", "999999"]).status == 1)
        try stack.startWorker()
        try await eventually("all is delivered", within: .seconds(30)) {
            try stack.count("SELECT count(*) FROM outbox WHERE delivered_at IS NULL") == 0
        }
        try await eventually("the metrics tell so", within: .seconds(20)) {
            try await stack.metric("onsale_outbox_waiting") == 0
        }
    }

    /// P34. `ONSALE_RECONCILE_SECONDS` makes it longer than the 8 s of an ordinary run; `make reconcile-load` runs a minute.
    @Test(
        "Under full load, comparing all the time: no oversell, no undersell, nothing repaired, audit clean (P34, I1, I3)"
    )
    func underLoad() async throws {
        let seconds = ProcessInfo.processInfo.environment["ONSALE_RECONCILE_SECONDS"].flatMap { Int($0) } ?? 8
        let rate = 800
        let tickets = rate * seconds
        let stack = try await SaleStack(workerSettings: ["RECONCILE_INTERVAL": "20ms"])
        let load = try stack.startLoad([
            "--tickets", "\(tickets)", "--buyers", "\(tickets)", "--rate", "\(rate)", "--max-quantity", "2",
            "--decline-percent", "5", "--timeout", "\(seconds + 180)",
        ])
        let sale = Sale(stack: stack, load: load)
        try await sale.accepted(200)
        var commands = 0
        while load.isRunning {
            // In mid-sale it may find no moment to compare, but never drift.
            let (status, output) = try stack.exit("onsale", ["reconcile", "--repair", "--wait", "2"])
            #expect([0, 2].contains(status), "\(output)")
            commands += 1
        }
        let status = try await load.exitStatus(within: .seconds(seconds + 240))
        #expect(status == 0, "the audit failed:\n\(load.output.suffix(4_000))\n\(stack.workerLog.suffix(2_000))")
        #expect(try stack.count("SELECT sum(quantity) FROM ticket_orders WHERE status = 'confirmed'") == tickets)
        #expect(try stack.count("SELECT count(*) FROM ticket_orders WHERE failure_code = 'sold_out'") == 0)
        #expect(try await stack.metric("onsale_repairs_total") == 0)
        #expect(try await stack.metric("onsale_drift") == 0)
        #expect(
            try stack.count("SELECT max(stock_epoch) FROM events WHERE stock_epoch > 0") == 1, "nothing was loaded anew"
        )
        let partition = try stack.count(
            "SELECT partition FROM events WHERE id = (SELECT event_id FROM ticket_orders LIMIT 1)")
        let compared = try await stack.metric(
            "onsale_comparisons_total", "outcome=\"balanced\"", "partition=\"\(partition)\"")
        #expect(compared > Double(seconds), "it must have compared in mid-sale")
        try await eventually("all is balanced") { try stack.exit("onsale", ["reconcile"]).status == 0 }
        print(
            "\(Int(compared)) comparisons in the sale's lane in \(seconds) s of load, \(commands) commands, 0 repairs")
    }
}

extension SaleStack {
    /// Runs `onsale reconcile` on an event.
    func reconcile(_ event: String, _ arguments: String...) async throws -> (status: Int32, json: JSON) {
        let (status, output) = try exit("onsale", ["reconcile", event, "--json"] + arguments)
        // Logs may come before.
        let start = output.firstIndex(of: "{") ?? output.startIndex
        return (status, try JSONDecoder().decode(JSON.self, from: Data(output[start...].utf8)))
    }

    /// Runs a program to its end.
    func exit(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let log = directory.appending(path: "\(program)-\(UUID().uuidString.prefix(6)).log")
        let process = try ServerProcess([builtProgram(program)] + arguments, environment: environment, log: log)
        return (process.waitUntilExit(), process.output)
    }

    /// The sum of the worker's metric over all series that have these labels.
    func metric(_ name: String, _ labels: String...) async throws -> Double {
        let text = String(decoding: try await send("GET", "/metrics", port: metricsPort).body, as: UTF8.self)
        return text.split(separator: "\n")
            .filter { line in
                (line.hasPrefix(name + "{") || line.hasPrefix(name + " ")) && labels.allSatisfy { line.contains($0) }
            }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}
