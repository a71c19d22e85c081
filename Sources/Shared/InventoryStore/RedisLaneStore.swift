import OnsaleConfiguration
import RedisClient
package import Ticketing

/// The lane's side of Redis, by the scripts of `Scripts/`.
package struct RedisLaneStore: LaneStore {
    let inventory: RedisInventoryStore

    package init(inventory: RedisInventoryStore) { self.inventory = inventory }

    package var partitioning: Partitioning { inventory.partitioning }

    package func withReader<Result: Sendable>(
        of partition: Partition, consumer: String, _ body: (RedisIntentReader) async throws -> Result
    ) async throws -> Result {
        let keys = try inventory.keys(of: partition)
        return try await inventory.redis.withBlockingConnection(for: .init(keys.intents)) { connection in
            let reader = RedisIntentReader(connection: connection, stream: keys.intents, consumer: consumer)
            try await reader.createGroup()
            return try await body(reader)
        }
    }

    @discardableResult
    package func acknowledge(
        _ entries: [StreamEntryID], in partition: Partition, drainRate: Double
    ) async throws(InventoryError) -> Int {
        guard !entries.isEmpty else { return 0 }
        let keys = try inventory.keys(of: partition)
        let rate = RedisArgument(Int(exactly: drainRate.rounded()) ?? 0)
        let commands = entries.chunks(of: InventoryConfiguration.buyersPage).map { chunk in
            InventoryScripts.acknowledge.command(
                keys: [.init(keys.intents), .init(keys.progress)],
                arguments: [.init(InventoryConfiguration.group), rate] + chunk.map { .init($0.text) })
        }
        return try await inventory.pipeline(commands).reduce(0) { $0 + Int($1.integer ?? 0) }
    }

    package func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError) {
        try await inventory.publish(settled, in: partition)
    }

    package func reject(
        _ rejection: Rejection, under lease: Lease
    ) async throws(InventoryError) -> RejectOutcome {
        let keys = try inventory.keys(of: lease.partition)
        // An unreadable entry names no event, buyer or order: the script leaves those keys alone.
        let intent = rejection.intent
        return try await outcome(
            InventoryScripts.reject.command(
                keys: [
                    .init(keys.intents), .init(keys.progress), .init(keys.event(intent?.event ?? EventID())),
                    .init(keys.buyers(intent?.event ?? EventID())),
                    .init(intent.map { keys.order($0.order) } ?? keys.intents), .init(keys.dead),
                ],
                arguments: [
                    .init(InventoryConfiguration.group), .init(rejection.entry.text),
                    .init(intent?.user.description ?? ""), .init(intent?.quantity ?? 0),
                    .init(intent?.order.description ?? ""),
                    .init(rejection.settled?.status.rawValue ?? OrderStatus.cancelled.rawValue),
                    .init(rejection.settled?.reason?.rawValue ?? ""), .init(rejection.settled?.ticketList ?? ""),
                    .init(rejection.note ?? ""), .init(keys.finished), RedisInventoryStore.finalRecordLifetime,
                    .init(lease.epoch),
                ]))
    }

    package func release(_ release: StockRelease) async throws(InventoryError) -> ReleaseOutcome {
        let keys = try inventory.keys(of: release.order.partition)
        return try await outcome(
            InventoryScripts.release.command(
                keys: [
                    .init(keys.event(release.event)), .init(keys.buyers(release.event)),
                    .init(keys.order(release.order)),
                ],
                arguments: [
                    .init(release.epoch), .init(release.user.description), .init(release.quantity),
                    RedisInventoryStore.finalRecordLifetime,
                ]))
    }

    package func retake(_ intent: Intent, under lease: Lease) async throws(InventoryError) -> RetakeOutcome {
        let keys = try inventory.keys(of: lease.partition)
        let reply = try await inventory.send(
            InventoryScripts.retake.command(
                keys: [
                    .init(keys.event(intent.event)), .init(keys.buyers(intent.event)), .init(keys.order(intent.order)),
                    .init(keys.progress),
                ],
                arguments: [
                    .init(intent.user.description), .init(intent.quantity), RedisInventoryStore.finalRecordLifetime,
                    .init(lease.epoch),
                ]))
        guard let outcome = reply.array.flatMap(RetakeOutcome.init(reply:)) else {
            throw InventoryError(.unexpectedReply, "retake answered \(reply)")
        }
        return outcome
    }

    package func load(_ stock: StockLoad, under lease: Lease) async throws(InventoryError) -> LoadOutcome {
        let keys = try inventory.keys(of: inventory.partitioning.partition(of: stock.event))
        let event = RedisArgument(keys.event(stock.event))
        let buyers = RedisArgument(keys.buyers(stock.event))
        var pages = stock.buyers.chunks(of: InventoryConfiguration.buyersPage).map { Array($0) }
        if pages.isEmpty { pages = [[]] }
        // Only when the pages are there the stock follows: of two messages on their way at once, one whose sender has
        // given up could reach a Redis that was emptied since, and load what was true before.
        _ = try await inventory.pipeline(
            pages.enumerated().map { index, page in
                InventoryScripts.fill.command(
                    keys: [event, buyers, .init(keys.intents)],
                    arguments: [.init(stock.epoch), index == 0 ? "1" : "0"]
                        + page.flatMap { [.init($0.user.description), .init($0.units)] })
            })
        FailPoint.midLoad.pass()
        let terms = stock.terms
        return try await outcome(
            InventoryScripts.load.command(
                keys: [event, .init(keys.intents), buyers, .init(keys.progress)],
                arguments: [.init(stock.epoch), stock.epoch > 1 ? "1" : "0", .init(stock.available)]
                    + terms.arguments
                    + [
                        .init(terms.revision), .init(stock.buyers.count), .init(lease.epoch),
                        RedisInventoryStore.finalRecordLifetime,
                    ]))
    }

    package func amend(
        _ event: EventID, _ terms: SaleTerms, grace: Duration
    ) async throws(InventoryError) -> AmendOutcome {
        let keys = try inventory.keys(of: inventory.partitioning.partition(of: event))
        return try await outcome(
            InventoryScripts.amend.command(
                keys: [.init(keys.event(event)), .init(keys.progress)],
                arguments: [.init(terms.revision)] + terms.arguments + [.init(Int(grace / .milliseconds(1)))]))
    }

    package func mark(_ lease: Lease) async throws(InventoryError) -> MarkOutcome {
        let keys = try inventory.keys(of: lease.partition)
        return try await outcome(
            InventoryScripts.mark.command(
                keys: [.init(keys.progress)], arguments: [.init(lease.epoch), .init(keys.finished)]))
    }

    package func backlog(of partition: Partition) async throws(InventoryError) -> Int {
        Int(
            try await inventory.send(RedisCommand("XLEN", key: .init(try inventory.keys(of: partition).intents)))
                .integer
                ?? 0)
    }

    private func outcome<Outcome: RawRepresentable<String>>(
        _ command: RedisCommand
    ) async throws(InventoryError) -> Outcome {
        try RedisLaneStore.outcome(of: try await inventory.send(command))
    }

    private static func outcome<Outcome: RawRepresentable<String>>(
        of reply: RESPValue
    ) throws(InventoryError) -> Outcome {
        guard let outcome = reply.array?.first?.string.flatMap(Outcome.init(rawValue:)) else {
            throw InventoryError(.unexpectedReply, "a script answered \(reply)")
        }
        return outcome
    }
}

extension SettledOrder {
    /// The codes as the order record keeps them.
    var ticketList: String { tickets.map(\.text).joined(separator: " ") }
}

extension SaleTerms {
    /// Total, limit, opens, closes, state, price and currency, as `load.lua` and `amend.lua` take them.
    var arguments: [RedisArgument] {
        [
            .init(total), .init(limit), .init(opens ?? 0), .init(closes ?? 0), .init(state.rawValue),
            .init(price.amount), .init(price.currency.rawValue),
        ]
    }
}

extension Array {
    /// The array in runs of at most `size`.
    package func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
