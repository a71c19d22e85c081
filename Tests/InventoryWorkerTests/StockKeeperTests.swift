import Foundation
@testable import InventoryWorker
import InventoryStore
import OrderRepository
import Payments
import Testing
import Ticketing

struct StockKeeperTests {
    private let sale: Sale
    private let lease: Lease

    init() async throws {
        sale = try Sale(total: 100)
        lease = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "test", for: .seconds(600)))
    }

    private func keeper(grace: Duration = .zero) -> StockKeeper<RecordingStore, RecordingRepository> {
        StockKeeper(
            store: sale.store, repository: sale.recordingRepository, lease: lease, grace: grace, logger: Sale.silent)
    }

    private func loads(of event: EventID) -> Int { sale.journal.steps.count { $0 == .loaded(event) } }

    @Test func `A new event is loaded once`() async throws {
        var keeper = keeper()
        try await keeper.tick()
        try await keeper.tick()
        let stock = try #require(try await sale.inventory.stock(of: sale.event))
        #expect(stock.available == 100)
        #expect(stock.total == 100)
        #expect(stock.epoch == 1)
        #expect(loads(of: sale.event) == 1)
    }

    @Test func `An event that is added later is loaded, and the first one is left alone`() async throws {
        var keeper = keeper()
        try await keeper.tick()
        let second = EventID()
        sale.repository.addEvent(second, in: Sale.partition, try .open(total: 5))
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: second)?.available == 5)
        #expect(loads(of: sale.event) == 1)
    }

    @Test func `Events of other partitions are not touched`() async throws {
        let other = EventID()
        sale.repository.addEvent(other, in: Partition(1), try .open(total: 5))
        var keeper = keeper()
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: other) == nil)
    }

    @Test func `An event that is another partition's by its id keeps no other from being loaded`() async throws {
        let inventory = InMemoryInventoryStore(partitioning: Partitioning(count: 2))
        let events = (0..<64).map { _ in EventID() }
        let own = try #require(events.first { inventory.partitioning.partition(of: $0) == Sale.partition })
        let misplaced = try #require(events.first { inventory.partitioning.partition(of: $0) != Sale.partition })
        sale.repository.addEvent(
            misplaced, in: Sale.partition, try .open(total: 5), updatedAt: Date(timeIntervalSinceNow: -60))
        sale.repository.addEvent(own, in: Sale.partition, try .open(total: 5))
        // To the other partition's lane, which came later, this one is a deposed lane.
        _ = try await inventory.mark(Lease(partition: Partition(1), epoch: lease.epoch + 1))
        var keeper = StockKeeper(
            store: RecordingStore(base: inventory, journal: sale.journal), repository: sale.recordingRepository,
            lease: lease, grace: .zero, logger: Sale.silent)
        try await keeper.tick()
        #expect(try await inventory.stock(of: own)?.available == 5)
        #expect(try await inventory.stock(of: misplaced) == nil)
    }

    @Test func `A change of the terms amends the stock and does not load it again`() async throws {
        var keeper = keeper()
        try await keeper.tick()
        try await sale.buy(10)
        sale.repository.change(sale.event, to: try .open(total: 130, revision: 2))
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 120)
        sale.repository.change(sale.event, to: try .open(total: 130, revision: 3, state: .paused))
        try await keeper.tick()
        let outcome = try await sale.inventory.reserve(
            Reservation(
                order: Intent.number(1).order, user: UserID(), event: sale.event, quantity: 1,
                paymentMethod: .standard))
        #expect(outcome == .refused(.paused, mayBeRecorded: false))
        #expect(sale.journal.steps.count { $0 == .amended(sale.event) } == 2)
        #expect(loads(of: sale.event) == 1)
    }

    @Test func `When Redis was emptied everything is loaded again, with what was sold in between`() async throws {
        let second = EventID()
        sale.repository.addEvent(
            second, in: Sale.partition, try .open(total: 5), updatedAt: Date(timeIntervalSinceNow: -3_600))
        var keeper = keeper()
        try await keeper.tick()
        sale.inventory.empty()
        sale.repository.setAvailable(60, of: sale.event)
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 60)
        #expect(try await sale.inventory.stock(of: sale.event)?.epoch == 2)
        #expect(try await sale.inventory.stock(of: second)?.available == 5)
    }

    @Test func `After a loss of memory what was on sale waits for lost orders, and what never was does not`()
        async throws
    {
        var keeper = keeper(grace: .seconds(60))
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 100, "Redis was new, and nothing lost")
        sale.inventory.empty()
        let second = EventID()
        sale.repository.addEvent(second, in: Sale.partition, try .open(total: 5))
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event) == nil)
        #expect(try await sale.inventory.stock(of: second)?.available == 5)
        #expect(loads(of: sale.event) == 1)
    }

    @Test func `When another server process answers, stock is not sold by what it remembers`() async throws {
        var keeper = keeper(grace: .seconds(60))
        try await keeper.tick()
        let old = sale.inventory.snapshot
        try await sale.buy(40)
        sale.repository.setAvailable(60, of: sale.event)
        sale.inventory.restart(from: old)
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 100, "the trap")
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event) == nil)
        // The lane that comes after this one keeps to the same grace.
        sale.repository.expireLease(of: Sale.partition)
        let next = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "next", for: .seconds(600)))
        var other = StockKeeper(
            store: sale.store, repository: sale.recordingRepository, lease: next, grace: .seconds(60),
            logger: Sale.silent)
        try await other.tick()
        #expect(try await sale.inventory.stock(of: sale.event) == nil)
        sale.inventory.advance(by: .seconds(61))
        try await other.tick()
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 60)
    }

    @Test func `A new lease looks at every event, and loads none that Redis has`() async throws {
        var keeper = keeper()
        try await keeper.tick()
        sale.repository.expireLease(of: Sale.partition)
        let next = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "next", for: .seconds(600)))
        var other = StockKeeper(
            store: sale.store, repository: sale.recordingRepository, lease: next, grace: .zero, logger: Sale.silent)
        try await other.tick()
        #expect(loads(of: sale.event) == 1)
        #expect(try await sale.inventory.mark(next) == .current)
        // The lane before it is shut out.
        await #expect(throws: LeaseLost.self) { try await keeper.tick() }
    }

    /// After Redis was emptied, units may already be on their way again when the second event's turn comes.
    @Test func `A load that must wait for the stream is tried again, however old the event's last change is`()
        async throws
    {
        let old = EventID()
        sale.repository.addEvent(
            old, in: Sale.partition, try .open(total: 5), updatedAt: Date(timeIntervalSinceNow: -3_600))
        var keeper = keeper()
        try await keeper.tick()
        sale.inventory.empty()
        let entry = try sale.inventory.appendUnreadable(["on", "its way"], to: Sale.partition)
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: old) == nil)
        #expect(try await sale.inventory.stock(of: sale.event) == nil)

        try await sale.inventory.acknowledge([entry], in: Sale.partition, drainRate: 0)
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: old)?.available == 5)
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 100)
    }

    @Test func `A change that is dated before the newest one, because its commit came later, is seen`() async throws {
        let second = EventID()
        let now = Date()
        sale.repository.addEvent(second, in: Sale.partition, try .open(total: 5), updatedAt: now)
        var keeper = keeper()
        try await keeper.tick()
        sale.repository.change(
            sale.event, to: try .open(total: 70, revision: 2), updatedAt: now.addingTimeInterval(-5))
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event)?.total == 70)
    }

    @Test func `A load under a lost lease loads nothing`() async throws {
        sale.repository.expireLease(of: Sale.partition)
        _ = try await sale.repository.acquireLease(of: Sale.partition, owner: "other", for: .seconds(600))
        var keeper = keeper()
        await #expect(throws: LeaseLost.self) { try await keeper.tick() }
        #expect(try await sale.inventory.stock(of: sale.event) == nil)
        #expect(loads(of: sale.event) == 0)
    }

    @Test func `Releases that wait are part of a new load and are not added to it`() async throws {
        var keeper = keeper()
        try await keeper.tick()
        let order = try await sale.buy(10)
        let intent = Intent(
            order: order, user: sale.newUser(), event: sale.event, quantity: 10,
            total: try #require(Money(amount: 45_000, currency: .eur)), paymentMethod: .standard)
        _ = try await sale.repository.commit(
            [QueuedIntent(entry: StreamEntryID("1-0"), intent: intent)], under: lease)
        _ = try await sale.repository.settle([Settlement(intent, .declined(reference: "r"))], under: lease)
        #expect(sale.repository.undelivered == 1)
        sale.inventory.empty()
        try await keeper.tick()
        #expect(sale.repository.undelivered == 0)
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 100)
    }
}
