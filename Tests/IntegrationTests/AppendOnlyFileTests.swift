import Foundation
import TestSupport
import Testing

@testable import LoadTest

@Suite("The append-only file, torn", .timeLimit(.minutes(5)))
struct AppendOnlyFileTests {
    /// The last purchases, commits and releases of a sale: several hundred orders' worth.
    private static let tail = 512 * 1024

    @Test("Cut at 50 random bytes of its tail, it starts each time, and no script's work is half there (P30, I2)")
    func cut() async throws {
        let stack = try await SaleStack(redis: .server)
        let load = try stack.startLoad(
            ["--tickets", "9000", "--buyers", "9000", "--rate", "800", "--max-quantity", "2", "--decline-percent", "9"])
        try await Sale(stack: stack, load: load).accepted(1_500)
        stack.redisServer.stop(SIGKILL)
        load.stop(SIGKILL)
        stack.stop()
        var seen: Set<String> = []
        var generator = SeededGenerator(seed: 1)
        for number in 1...50 {
            let torn = try temporaryDirectory("torn").appending(path: "appendonlydir")
            try FileManager.default.copyItem(at: stack.redisServer.appendOnlyFile, to: torn)
            let cut = try tear(torn, within: AppendOnlyFileTests.tail, using: &generator)
            let redis = try await RedisServer(copying: torn)
            let found = try await stack.disagreements(in: redis)
            #expect(found.errors.isEmpty, "cut by \(cut) bytes: \(found.errors)")
            seen.insert(found.orders)
            if number == 50 {
                // Negative control: one unit that only the stock knows of.
                let events = try await stack.redisCommand("--scan", "--pattern", "{p*}:event:*", at: redis)
                let event = try #require(events.split(separator: "\n").first)
                _ = try await stack.redisCommand("HINCRBY", String(event), "available", "1", at: redis)
                #expect(try await !stack.disagreements(in: redis).errors.isEmpty)
            }
            redis.stop(SIGKILL)
            try FileManager.default.removeItem(at: torn)
        }
        #expect(seen.count > 25, "the cuts must differ: \(seen)")
    }
}

/// Cuts the newest file of an append-only folder at a random byte of its last `tail` bytes, and returns how many went.
func tear(_ folder: URL, within tail: Int, using generator: inout SeededGenerator) throws -> Int {
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    guard let newest = files.filter({ $0.path.hasSuffix(".incr.aof") }).max(by: { $0.path < $1.path }) else {
        throw ServerError(description: "no incremental file in \(folder.path)")
    }
    let handle = try FileHandle(forUpdating: newest)
    let size = Int(try handle.seekToEnd())
    let cut = Int.random(in: 1...min(tail, size), using: &generator)
    try handle.truncate(atOffset: UInt64(size - cut))
    try handle.close()
    return cut
}

extension SaleStack {
    /// Whether stock, buyers' counts, order records, stream and counters say the same: each purchase, commit and release
    /// is there as a whole or not at all. `orders` tells how far the sale had come.
    func disagreements(in redis: RedisServer) async throws -> (orders: String, errors: String) {
        let script = """
            local orders, held, errors = 0, {}, {}
            for _, key in ipairs(redis.call('KEYS', '{p*}:order:*')) do
                local order = redis.call('HMGET', key, 'status', 'event', 'user', 'quantity', 'released')
                orders = orders + 1
                if order[1] ~= 'cancelled' or not order[5] then
                    local place = string.match(key, '^{p%d+}') .. ':buyers:' .. order[2]
                    held[place] = held[place] or {}
                    held[place][order[3]] = (held[place][order[3]] or 0) + order[4]
                end
            end
            for _, key in ipairs(redis.call('KEYS', '{p*}:event:*')) do
                local place = string.gsub(key, ':event:', ':buyers:')
                local left, sum, counts = held[place] or {}, 0, redis.call('HGETALL', place)
                for i = 1, #counts, 2 do
                    sum = sum + counts[i + 1]
                    if (left[counts[i]] or 0) ~= tonumber(counts[i + 1]) then
                        errors[#errors + 1] = 'buyer ' .. counts[i] .. ' counts ' .. counts[i + 1]
                            .. ', orders hold ' .. (left[counts[i]] or 0)
                    end
                    left[counts[i]] = nil
                end
                if next(left) then errors[#errors + 1] = 'orders of a buyer who is not counted' end
                local event = redis.call('HMGET', key, 'available', 'total')
                if event[1] and event[2] - event[1] ~= sum then
                    errors[#errors + 1] = key .. ' has ' .. event[1] .. ' of ' .. event[2] .. ', buyers hold ' .. sum
                end
            end
            for _, key in ipairs(redis.call('KEYS', '{p*}:progress')) do
                local tag = string.match(key, '^{p%d+}')
                local progress = redis.call('HMGET', key, 'accepted', 'committed')
                local length = redis.call('XLEN', tag .. ':intents')
                if (progress[1] or 0) - (progress[2] or 0) ~= length then
                    errors[#errors + 1] = key .. ' accepted ' .. (progress[1] or 0) .. ', committed '
                        .. (progress[2] or 0) .. ', on the stream ' .. length
                end
                for _, entry in ipairs(redis.call('XRANGE', tag .. ':intents', '-', '+')) do
                    if redis.call('EXISTS', tag .. ':order:' .. entry[2][2]) == 0 then
                        errors[#errors + 1] = 'no record of ' .. entry[2][2]
                    end
                end
            end
            return {tostring(orders), table.concat(errors, '; ', 1, math.min(#errors, 10))}
            """
        let lines = try await redisCommand("EVAL", script, "0", at: redis)
            .split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.first.map(String.init) ?? "", lines.dropFirst().joined(separator: "\n"))
    }
}
