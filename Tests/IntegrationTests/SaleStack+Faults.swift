import Foundation
import InventoryStore
import Logging
import RedisClient
import TestSupport
import Ticketing

extension SaleStack {
    /// Runs redis-cli and returns what it prints.
    func redisCommand(_ arguments: String...) async throws -> String {
        let log = directory.appending(path: "redis-cli-\(UUID().uuidString.prefix(6)).log")
        let process = try ServerProcess(["redis-cli", "-u", redis.url] + arguments, log: log)
        guard process.waitUntilExit() == 0 else { throw ServerError(description: process.output) }
        return process.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A key of the event's partition.
    func key(_ name: String, ofEvent event: String) -> String {
        Partitioning(count: 4).partition(of: EventID(event)!).tag + ":" + name
    }

    /// Lets an order's record expire.
    func forget(order id: String) throws {
        let key = InventoryKeys(OrderID(id)!.partition).order(OrderID(id)!)
        let log = directory.appending(path: "redis-cli.log")
        let process = try ServerProcess(["redis-cli", "-u", redis.url, "DEL", key], log: log)
        guard process.waitUntilExit() == 0, process.output.contains("1") else {
            throw ServerError(description: "no record \(key): \(process.output)")
        }
    }
}
