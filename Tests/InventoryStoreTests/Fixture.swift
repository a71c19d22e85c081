import Foundation
import InventoryStore
import Logging
import RedisClient
import TestSupport
import Ticketing

/// A Redis of its own and the live stores on it, for one test.
struct Fixture: Sendable {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let server: RedisServer
    let redis: RedisClient
    let partitioning: Partitioning
    let inventory: RedisInventoryStore
    let lane: RedisLaneStore

    /// Runs `body` with a started server and connected stores.
    static func run(
        _ options: RedisServer.Options = .init(), partitions: Int = 1,
        configuration: InventoryConfiguration = InventoryConfiguration(),
        adjust: (inout RedisConfiguration) -> Void = { _ in }, _ body: (Fixture) async throws -> Void
    ) async throws {
        try await run(
            on: try await RedisServer(options), partitions: partitions, configuration: configuration, adjust: adjust,
            body)
    }

    static func run(
        on server: RedisServer, partitions: Int = 1, configuration: InventoryConfiguration = InventoryConfiguration(),
        adjust: (inout RedisConfiguration) -> Void = { _ in }, _ body: (Fixture) async throws -> Void
    ) async throws {
        var settings = try RedisConfiguration(url: server.url)
        settings.commandTimeout = .seconds(20)
        adjust(&settings)
        let redis = RedisClient(configuration: settings, logger: silent)
        let inventory = RedisInventoryStore(
            redis: redis, partitioning: Partitioning(count: partitions), configuration: configuration, logger: silent)
        let fixture = Fixture(
            server: server, redis: redis, partitioning: Partitioning(count: partitions), inventory: inventory,
            lane: RedisLaneStore(inventory: inventory))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await redis.run() }
            defer { group.cancelAll() }
            try await body(fixture)
        }
    }

    /// Sends one command as text.
    @discardableResult
    func command(_ words: String...) async throws -> RESPValue {
        try await redis.send(RedisCommand(arguments: words.map { RedisArgument($0) }))
    }
}

extension Partition {
    /// The only partition of most tests.
    static let first = Partition(0)
}

extension Lease {
    /// That of the only lane of most tests.
    static let first = Lease(partition: .first, epoch: 1)
}

extension LaneStore {
    /// Loads as the only lane, which has left its mark.
    func load(_ stock: StockLoad) async throws -> LoadOutcome {
        _ = try await mark(.first)
        return try await load(stock, under: .first)
    }

    @discardableResult
    func reject(_ rejection: Rejection) async throws -> RejectOutcome {
        _ = try await mark(.first)
        return try await reject(rejection, under: .first)
    }
}

extension OrderID {
    /// An id of the first partition, the same for the same number.
    static func number(_ number: Int) -> OrderID {
        OrderID(
            UUID(uuid: (0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, UInt8(number >> 8 & 255), UInt8(number & 255))))
    }
}

extension UserID {
    static func number(_ number: Int) -> UserID {
        UserID(
            UUID(uuid: (1, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, UInt8(number >> 8 & 255), UInt8(number & 255))))
    }
}

extension EventID {
    static func number(_ number: Int) -> EventID {
        EventID(
            UUID(uuid: (2, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, UInt8(number >> 8 & 255), UInt8(number & 255))))
    }
}

extension SaleTerms {
    /// Terms of a sale that is open, in euros.
    static func open(
        total: Int = 100, limit: Int = 4, price: Int64 = 4_500, revision: Int64 = 1, state: SaleState = .open,
        opens: Int64? = nil, closes: Int64? = nil
    ) -> SaleTerms {
        SaleTerms(
            revision: revision, total: total, limit: limit, opens: opens, closes: closes, state: state,
            price: Money(amount: price, currency: .eur) ?? Money.free)
    }
}

extension Money {
    fileprivate static let free = Money(amount: 0, currency: .eur)!
}

extension StockLoad {
    static func first(
        of event: EventID, available: Int = 100, terms: SaleTerms = .open(), epoch: Int64 = 1,
        buyers: [(user: UserID, units: Int)] = []
    ) -> StockLoad {
        StockLoad(event: event, epoch: epoch, available: available, terms: terms, buyers: buyers)
    }
}

extension Reservation {
    static func of(
        _ event: EventID, order: Int, user: Int = 1, quantity: Int = 1, isUnrecorded: Bool = false
    ) -> Reservation {
        var reservation = Reservation(
            order: .number(order), user: .number(user), event: event, quantity: quantity, paymentMethod: .standard)
        reservation.isUnrecorded = isUnrecorded
        return reservation
    }
}
