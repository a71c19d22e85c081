import Foundation
import InventoryStore
import TestSupport
import Testing
import Ticketing

/// One stack for the tests that break nothing.
private let shared = Task { try await SaleStack() }

@Suite("A purchase, end to end", .timeLimit(.minutes(5)))
struct PurchaseTests {
    @Test("A buyer registers, buys, and holds as many tickets as were bought")
    func buys() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 10)
        let buyer = try await stack.register()
        let accepted = try await stack.buy(event, quantity: 3, by: buyer)
        #expect(accepted.status == 202)
        let id = try #require(accepted.orderID)
        #expect(accepted.headers["location"] == "/api/orders/\(id)")
        let order = try await stack.finalOrder(id, by: buyer)
        #expect(order.json["status"].string == "confirmed")
        #expect(order.json["tickets"].count == 3)
        let mine = try await stack.send("GET", "/api/orders", token: buyer.token)
        #expect(mine.json["items"].count == 1)
        try await eventually("the ledger balances") {
            let ledger = try await stack.ledger(of: event)
            return ledger["balanced"].bool == true && ledger["postgres"]["sold"].int == 3
        }
    }

    @Test("One buyer's 1,000 parallel purchases under a limit of 4 get 4 (P1, I6)")
    func limit() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 100, limit: 4)
        let buyer = try await stack.register()
        let replies = try await parallel(1_000) { _ in try await stack.buy(event, by: buyer) }
        #expect(replies.count { $0.status == 202 } == 4)
        #expect(replies.count { $0.status == 409 && $0.code == "limit_exceeded" } == 996)
        let redis = try await stack.ledger(of: event)["redis"]
        #expect(redis["available"].int == 96)
    }

    @Test("The same key 1,000 times in parallel makes one order (I7)")
    func sameKey() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 100)
        let buyer = try await stack.register()
        let key = UUID().uuidString
        let replies = try await parallel(1_000) { _ in try await stack.buy(event, quantity: 2, key: key, by: buyer) }
        #expect(replies.allSatisfy { $0.status == 202 })
        #expect(Set(replies.map(\.orderID)).count == 1)
        let other = try await stack.buy(event, quantity: 1, key: key, by: buyer)
        #expect(other.status == 422)
        #expect(other.code == "idempotency_key_reused")
        let id = try #require(replies[0].orderID)
        _ = try await stack.finalOrder(id, by: buyer)
        #expect(try stack.count("SELECT sum(quantity) FROM ticket_orders WHERE event_id = '\(event)'") == 2)
    }

    @Test("A key is answered by its order after every cache has forgotten it (P33)")
    func keyOutlivesCaches() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 2)
        let buyer = try await stack.register()
        let key = UUID().uuidString
        let id = try #require(try await stack.buy(event, quantity: 2, key: key, by: buyer).orderID)
        _ = try await stack.finalOrder(id, by: buyer)
        try await stack.forget(order: id, of: event)
        // The event is sold out and the buyer is at no limit, yet the key still names the order.
        let again = try await stack.buy(event, quantity: 2, key: key, by: buyer)
        #expect(again.status == 202)
        #expect(again.orderID == id)
        let reused = try await stack.buy(event, quantity: 1, key: key, by: buyer)
        #expect(reused.code == "idempotency_key_reused")
    }

    @Test("A key whose record expired while stock is left names its order, and no other body (I7, P33)")
    func forgottenKeyWithStockLeft() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 10)
        let buyer = try await stack.register()
        let key = UUID().uuidString
        let id = try #require(try await stack.buy(event, quantity: 2, key: key, by: buyer).orderID)
        _ = try await stack.finalOrder(id, by: buyer)
        try await stack.forget(order: id, of: event)
        let other = try await stack.buy(event, quantity: 1, key: key, by: buyer)
        #expect(other.status == 422)
        #expect(other.code == "idempotency_key_reused")
        let again = try await stack.buy(event, quantity: 2, key: key, by: buyer)
        #expect(again.status == 202)
        #expect(again.orderID == id)
        let same = try await stack.finalOrder(id, by: buyer)
        #expect(same.json["tickets"].count == 2)
        #expect(try await stack.ledger(of: event)["redis"]["available"].int == 8)
        // Negative control: another key of the same buyer sells.
        #expect(try await stack.buy(event, by: buyer).orderID != id)
        #expect(try await stack.ledger(of: event)["redis"]["available"].int == 7)
    }

    @Test("A ticket is handed on, lets its new holder in once, and the buyer's order tells so (P37)")
    func handsOn() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 10)
        let (buyer, friend) = (try await stack.register(), try await stack.register())
        let id = try #require(try await stack.buy(event, quantity: 2, by: buyer).orderID)
        let order = try await stack.finalOrder(id, by: buyer)
        let code = try #require(order.json["tickets"][0]["code"].string)
        for (path, type) in [
            ("tickets/\(code)/qr.png", "image/png"), ("tickets/\(code)/qr.svg", "image/svg+xml"),
            ("tickets/\(code)/print", "text/html; charset=utf-8"),
            ("orders/\(id)/tickets/print", "text/html; charset=utf-8"),
        ] {
            let reply = try await stack.send("GET", "/api/\(path)", token: buyer.token)
            #expect(reply.status == 200 && reply.headers["content-type"] == type, "\(path)")
            if type == "image/png" { #expect(try ImageReader.text(of: Array(reply.body)) == code) }
        }

        let email = try #require(try await stack.send("GET", "/api/auth/me", token: friend.token).json["email"].string)
        let given = try await stack.send(
            "POST", "/api/tickets/\(code)/transfer", token: buyer.token, body: ["email": .string(email)])
        #expect(given.status == 200 && given.json["status"].string == "transferred")
        let held = try await stack.send("GET", "/api/tickets", token: friend.token).json["items"]
        #expect(held.count == 1)
        let issued = try #require(held[0]["code"].string)

        let admin = try await stack.adminToken()
        let scans = try await parallel(100) { number in
            try await stack.send(
                "POST", "/api/tickets/\(issued)/redeem", token: admin,
                body: ["eventId": .string(event), "nonce": .string(UUID().uuidString), "gate": .string("\(number)")])
        }
        #expect(scans.count { $0.json["result"].string == "admitted" } == 1)
        #expect(scans.count { $0.json["result"].string == "already_used" } == 99)

        // As if the order had been confirmed a minute ago.
        let record = InventoryKeys(OrderID(id)!.partition).order(OrderID(id)!)
        _ = try await stack.redisCommand("HINCRBY", record, "updated", "-60000")
        let shown = try await stack.order(id, by: buyer)
        #expect(shown.json["tickets"].count == 2)
        #expect(!String(decoding: shown.body, as: UTF8.self).contains(issued))
        #expect(shown.json["tickets"][0]["status"].string == "transferred")
        #expect(shown.json["tickets"][1]["status"].string == "valid")
    }

    @Test("A declined payment cancels the order and its tickets sell again within a second (P18, I10)")
    func declined() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 2)
        let (first, second) = (try await stack.register(), try await stack.register())
        let id = try #require(
            try await stack.buy(event, quantity: 2, method: "pm_declined", by: first).orderID)
        let order = try await stack.finalOrder(id, by: first)
        #expect(order.json["status"].string == "cancelled")
        #expect(order.json["failure"]["code"].string == "payment_declined")
        try await eventually("the tickets are for sale again", within: .seconds(1)) {
            try await stack.buy(event, quantity: 2, by: second).status == 202
        }
        #expect(
            try stack.count("SELECT count(*) FROM outbox WHERE order_id = '\(id)' AND delivered_at IS NOT NULL") == 1)
    }

    @Test("A provider that fails once is asked again and charges once (I8)")
    func errorThenAccepted() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 2)
        let buyer = try await stack.register()
        let id = try #require(
            try await stack.buy(event, method: "pm_error_then_accepted", by: buyer).orderID)
        #expect(try await stack.finalOrder(id, by: buyer).json["status"].string == "confirmed")
        let charge = "SELECT attempts FROM simulated_provider.charges WHERE idempotency_key = '\(id)'"
        #expect(try stack.count(charge) == 2)
        #expect(try stack.count("SELECT count(*) FROM payments WHERE order_id = '\(id)' AND status = 'captured'") == 1)
    }

    @Test("A slow payment holds up nobody else (P17)")
    func slowPayment() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 10)
        let (slow, quick) = (try await stack.register(), try await stack.register())
        let slowID = try #require(try await stack.buy(event, method: "pm_slow", by: slow).orderID)
        let quickID = try #require(try await stack.buy(event, by: quick).orderID)
        #expect(try await stack.finalOrder(quickID, by: quick).json["status"].string == "confirmed")
        // The gateway may show a lane's progress that is up to 100 ms old.
        try await eventually("the slow order is being paid for", within: .seconds(2)) {
            let waiting = try await stack.order(slowID, by: slow)
            return waiting.json["status"].string == "pending" && waiting.json["stage"].string == "payment"
        }
        let idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        #expect(try stack.count(idle) == 0)
        #expect(try await stack.finalOrder(slowID, by: slow).json["status"].string == "confirmed")
    }

    @Test(
        "A buyer's cancellation ends the order at once; its tickets sell again, and nothing is captured (I8, I13, P18)")
    func cancellation() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 2)
        let (first, second) = (try await stack.register(), try await stack.register())
        let id = try #require(try await stack.buy(event, quantity: 2, method: "pm_slow", by: first).orderID)
        try await eventually("the order is being paid for", within: .seconds(2)) {
            try await stack.order(id, by: first).json["stage"].string == "payment"
        }
        #expect(try await stack.buy(event, by: second).code == "sold_out")
        let cancelled = try await stack.send("POST", "/api/orders/\(id)/cancel", token: first.token)
        #expect(cancelled.status == 200)
        #expect(cancelled.json["failure"]["code"].string == "cancelled_by_buyer")
        #expect(try await stack.order(id, by: first).json["status"].string == "cancelled")
        try await eventually("the tickets are for sale again", within: .seconds(1)) {
            try await stack.buy(event, quantity: 2, by: second).status == 202
        }
        // The provider, which would have captured it seconds later, is told.
        let charge = "SELECT count(*) FROM simulated_provider.charges WHERE idempotency_key = '\(id)'"
        try await eventually("the charge is ended") { try stack.count(charge + " AND status = 'declined'") == 1 }
        let late = try await stack.send("POST", "/api/orders/\(id)/cancel", token: second.token)
        #expect(late.code == "order_not_found")
    }

    @Test("A free event needs no payment")
    func free() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 1, price: 0)
        let buyer = try await stack.register()
        let id = try #require(try await stack.buy(event, by: buyer).orderID)
        #expect(try await stack.finalOrder(id, by: buyer).json["status"].string == "confirmed")
        #expect(try stack.count("SELECT count(*) FROM payments WHERE order_id = '\(id)'") == 0)
    }

    @Test("Pausing, closing and changing an event reach the buyers within a second")
    func saleControl() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 2)
        let admin = try await stack.adminToken()
        let buyer = try await stack.register()
        for (state, code) in [("paused", "sale_paused"), ("closed", "sale_closed")] {
            try await stack.setSale(of: event, to: state, token: admin)
            try await eventually("the sale is \(state)", within: .seconds(1)) {
                try await stack.buy(event, method: "pm_declined", by: buyer).code == code
            }
        }
        try await stack.setSale(of: event, to: "open", token: admin)
        let more = try await stack.send(
            "PATCH", "/api/events/\(event)", token: admin, body: ["totalTickets": .number(5)])
        #expect(more.status == 200)
        try await eventually("the new capacity is for sale", within: .seconds(2)) {
            let ledger = try await stack.ledger(of: event)
            return ledger["capacity"].int == 5 && ledger["balanced"].bool == true
                && ledger["redis"]["available"].int == 5
        }
    }

    @Test("Metrics tell what was accepted, refused and committed")
    func metrics() async throws {
        let stack = try await shared.value
        let event = try await stack.openEvent(tickets: 1)
        let buyer = try await stack.register()
        let id = try #require(try await stack.buy(event, by: buyer).orderID)
        _ = try await stack.finalOrder(id, by: buyer)
        #expect(try await stack.buy(event, by: try await stack.register()).code == "sold_out")
        let gateway = String(decoding: try await stack.send("GET", "/metrics").body, as: UTF8.self)
        for name in ["onsale_purchases_accepted_total", "onsale_purchases_refused_total{code=\"sold_out\"}"] {
            #expect(gateway.contains(name), "\(name) is missing")
        }
        let worker = String(
            decoding: try await stack.send("GET", "/metrics", port: stack.metricsPort).body, as: UTF8.self)
        for name in ["onsale_lane_lag_seconds_bucket", "onsale_lane_batch_size_bucket", "onsale_lane_backlog"] {
            #expect(worker.contains(name), "\(name) is missing")
        }
    }
}

/// Runs `body` for 0 ..< count, all at once.
func parallel<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
        for index in 0..<count { group.addTask { try await body(index) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}
