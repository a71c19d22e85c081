import RedisClient
package import Ticketing

/// What the comparison with Postgres reads.
extension RedisLaneStore {
    package func inspect(_ inquiry: StockInquiry) async throws(InventoryError) -> StockReading {
        let keys = try inventory.keys(of: inventory.partitioning.partition(of: inquiry.event))
        let reply = try await inventory.send(
            InventoryScripts.inspect.command(
                keys: [
                    .init(keys.event(inquiry.event)), .init(keys.buyers(inquiry.event)), .init(keys.intents),
                ] + inquiry.orders.map { .init(keys.order($0)) },
                arguments: [
                    .init(inquiry.event.description), .init(InventoryConfiguration.group),
                    .init(inquiry.entries),
                ] + inquiry.buyers.map { .init($0.description) }))
        guard let reading = reply.array.flatMap({ StockReading(reply: $0, inquiry) }) else {
            throw InventoryError(.unexpectedReply, "inspect answered \(reply)")
        }
        return reading
    }

    package func heldUnits(of event: EventID) async throws(InventoryError) -> [UserID: Int] {
        let key = try inventory.keys(of: inventory.partitioning.partition(of: event)).buyers(event)
        var held: [UserID: Int] = [:]
        try await inventory.scanBuyers(key) { user, units in held[user] = units.flatMap { Int($0) } ?? -1 }
        return held
    }

    package func statuses(of orders: [OrderID]) async throws(InventoryError) -> [OrderID: OrderStatus] {
        var statuses: [OrderID: OrderStatus] = [:]
        for page in orders.chunks(of: InventoryConfiguration.buyersPage) {
            var commands: [RedisCommand] = []
            for order in page {
                let key = try inventory.keys(of: order.partition).order(order)
                commands.append(RedisCommand("HGET", key: .init(key), "status"))
            }
            for (order, reply) in zip(page, try await inventory.pipeline(commands)) {
                statuses[order] = reply.string.flatMap(OrderStatus.init(rawValue:))
            }
        }
        return statuses
    }
}

extension StockReading {
    /// Reads the reply of `inspect.lua`; nil when it is none.
    fileprivate init?(reply: [RESPValue], _ inquiry: StockInquiry) {
        switch reply.first?.string {
        case "ABSENT": self = .absent
        case "FILLING": self = .filling
        case "UNREADABLE": self = .unreadable
        case "CROWDED":
            guard let backlog = reply.last?.integer else { return nil }
            self = .crowded(backlog: Int(backlog))
        case "STOCK":
            guard reply.count == 13, let delivered = reply[7].string, let held = reply[9].array,
                let onStream = reply[10].array, let released = reply[11].array,
                let retaken = reply[12].array
            else { return nil }
            let numbers = [1, 2, 3, 4, 5, 6, 8].compactMap { reply[$0].integer }
            guard numbers.count == 7, held.count == inquiry.buyers.count, onStream.count == held.count,
                released.count == inquiry.orders.count, retaken.count == released.count
            else { return nil }
            func marked(_ values: [RESPValue]) -> Set<OrderID> {
                Set(zip(inquiry.orders, values).filter { $1.integer == 1 }.map(\.0))
            }
            func ofBuyers(_ values: [RESPValue]) -> [UserID: Int] {
                Dictionary(zip(inquiry.buyers, values.map { Int($0.integer ?? -1) })) { first, _ in first }
            }
            self = .stock(
                StockState(
                    epoch: numbers[0], available: Int(numbers[1]), total: Int(numbers[2]), returns: numbers[3],
                    backlog: Int(numbers[4]), unacknowledged: Int(numbers[5]), delivered: StreamEntryID(delivered),
                    inFlight: Int(numbers[6]), held: ofBuyers(held), inFlightOfBuyers: ofBuyers(onStream),
                    released: marked(released), retaken: marked(retaken)))
        default: return nil
        }
    }
}
