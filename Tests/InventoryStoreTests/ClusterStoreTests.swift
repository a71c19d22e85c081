import Foundation
import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// The live stores on a Redis Cluster: partitions at every primary, each with its scripts, its stream and its news.
@Suite("Stores on a cluster", .timeLimit(.minutes(2)))
struct ClusterStoreTests {
    private static let partitioning = Partitioning(count: 12)

    @Test("An order of each partition goes its whole way: reserved, read, published, acknowledged, released (P6)")
    func everyPartition() async throws {
        let cluster = try await RedisCluster()
        try await withStores(cluster) { inventory, lane in
            var news = inventory.finishedOrders().makeAsyncIterator()
            #expect(await news.next() == .some(nil))
            for partition in Self.partitioning.all {
                let lease = Lease(partition: partition, epoch: 1)
                let event = try event(in: partition)
                let user = UserID()
                let order = OrderID(
                    UUID(uuid: (0, 0, 0, 0, 0, 0, 0x80, UInt8(partition.number), 0x80, 0, 0, 0, 0, 0, 0, 1)))
                try #require(order.partition == partition)
                _ = try await lane.mark(lease)
                #expect(try await lane.load(.first(of: event, buyers: [(UserID(), 1)]), under: lease) == .loaded)
                let reservation = Reservation(
                    order: order, user: user, event: event, quantity: 2, paymentMethod: .standard)
                guard case .accepted = try await inventory.reserve(reservation) else {
                    Issue.record("partition \(partition) accepts nothing")
                    continue
                }
                try await lane.withReader(of: partition, consumer: "lane") { reader in
                    let deliveries = try await reader.next(limit: 10, wait: .seconds(1))
                    #expect(deliveries.map(\.intent?.order) == [order])
                    let settled = SettledOrder(id: order, status: .cancelled, reason: nil, tickets: [])
                    try await lane.publish([settled], in: partition)
                    // A `nil` says that news may have been missed: here of each partition whose stock was loaded, and
                    // when the subscription moves to another node. Whoever waits looks again; here it is told again.
                    var heard: [OrderID]?
                    while heard != [order], let orders = await news.next() {
                        heard = orders
                        if orders == nil { try await lane.publish([settled], in: partition) }
                    }
                    #expect(heard == [order])
                    #expect(try await lane.acknowledge(deliveries.map(\.entry), in: partition, drainRate: 1) == 1)
                    #expect(try await reader.pending(after: "0-0", limit: 10).deliveries.isEmpty)
                }
                let release = StockRelease(event: event, order: order, user: user, quantity: 2, epoch: 1)
                #expect(try await lane.release(release) == .released)
                #expect(try await inventory.stock(of: event)?.available == 100)
                #expect(try await inventory.progress(of: partition).committed == 1)
                #expect(try await lane.backlog(of: partition) == 0)
            }
            // Negative control of the spread: all three primaries hold partitions.
            let sizes = try cluster.commandAtPrimaries(["DBSIZE"])
            #expect(sizes.count == 3 && !sizes.contains("0"))
        }
    }

    @Test("One primary that risks orders by its settings is named, and one that is gone is no ping")
    func everyPrimary() async throws {
        let cluster = try await RedisCluster()
        try await withStores(cluster) { inventory, _ in
            try await inventory.ping()
            #expect(try await inventory.settingsThatRiskOrders().isEmpty)
            try cluster.command(["CONFIG", "SET", "appendfsync", "everysec"], key: "{p03}")
            #expect(
                try await inventory.settingsThatRiskOrders() == ["Redis has appendfsync everysec, not always"])
            // Nobody can take over.
            for server in cluster.servers[3...] { server.stop(SIGKILL) }
            try cluster.kill(primaryOf: "{p03}")
            await #expect(throws: InventoryError.self) { try await inventory.ping() }
        }
    }

    private func withStores(
        _ cluster: RedisCluster, _ body: (RedisInventoryStore, RedisLaneStore) async throws -> Void
    ) async throws {
        var settings = try RedisConfiguration(url: cluster.url)
        settings.commandTimeout = .seconds(3)
        let redis = RedisClient(configuration: settings, logger: Fixture.silent)
        let inventory = RedisInventoryStore(
            redis: redis, partitioning: Self.partitioning, configuration: InventoryConfiguration(),
            logger: Fixture.silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await redis.run() }
            defer { group.cancelAll() }
            try await body(inventory, RedisLaneStore(inventory: inventory))
        }
    }

    /// An event that falls into `partition`.
    private func event(in partition: Partition) throws -> EventID {
        try #require((0..<1_000).lazy.map { _ in EventID() }.first { Self.partitioning.partition(of: $0) == partition })
    }
}
