import Foundation
import InventoryStore
import TestSupport
import Ticketing

extension SaleStack {
    /// Runs one command of redis-cli, against the stack's own Redis or another server, and returns what it prints; in a
    /// cluster without a key of ours at every primary.
    @discardableResult
    func redisCommand(_ words: String..., at server: RedisServer? = nil) async throws -> String {
        try (server.map { SaleRedis.server($0) } ?? redis).command(words)
    }

    func newestEvent() throws -> String {
        try postgres.psql("SELECT id FROM events ORDER BY created_at DESC LIMIT 1", url: databaseURL)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A key of the event's partition.
    func key(_ name: String, ofEvent event: String) -> String {
        Partitioning(count: 4).partition(of: EventID(event)!).tag + ":" + name
    }

    /// Lets an order's record expire, as it does a week after its end.
    func forget(order id: String, of event: String) async throws {
        let keys = InventoryKeys(OrderID(id)!.partition)
        let record = keys.order(OrderID(id)!)
        guard try await redisCommand("DEL", record) == "1" else {
            throw ServerError(description: "there is no record \(record)")
        }
        try await redisCommand("HSET", keys.event(EventID(event)!), "remembers", "1")
    }

    /// Charges that the provider has captured and not given back, of orders that are not confirmed.
    func capturedWithoutTickets() throws -> Int {
        try count(
            """
            SELECT count(*) FROM simulated_provider.charges c LEFT JOIN ticket_orders o ON o.id::text = c.idempotency_key
            WHERE c.status = 'captured' AND c.refunded_at IS NULL AND o.status IS DISTINCT FROM 'confirmed'
            """)
    }

    /// What a sale must not leave: entries, entries given up on, and records of orders that never end.
    func leftInRedis() async throws -> String {
        let script = """
            local entries, dead, pending = 0, 0, 0
            for _, key in ipairs(redis.call('KEYS', '{p*}:*')) do
                if string.find(key, ':intents$') then entries = entries + redis.call('XLEN', key) end
                if string.find(key, ':dead$') then dead = dead + redis.call('XLEN', key) end
                if string.find(key, ':order:') and redis.call('HGET', key, 'status') == 'pending' then
                    pending = pending + 1
                end
            end
            return {entries, dead, pending}
            """
        // Three lines of each primary.
        let figures = try await redisCommand("EVAL", script, "0").split(separator: "\n").map { Int($0) ?? 0 }
        let sums = (0..<3).map { kind in stride(from: kind, to: figures.count, by: 3).reduce(0) { $0 + figures[$1] } }
        return "\(sums[0]) entries, \(sums[1]) dead, \(sums[2]) pending records"
    }
}
