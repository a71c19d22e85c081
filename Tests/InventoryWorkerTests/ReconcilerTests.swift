import Foundation
@testable import InventoryWorker
import InventoryStore
import OrderRepository
import Reconciliation
import Synchronization
import TestSupport
import Testing
import Ticketing

/// A lane that compares its event with Postgres all the time.
@Suite(.timeLimit(.minutes(5)))
struct ReconcilerTests {
    private static let interval = Duration.milliseconds(20)

    /// Ways in which Redis may come to have something else than Postgres.
    enum Disturbance: String, CaseIterable {
        case surplus, missing, highCount, lowCount, unloaded, outdated
    }

    private func disturb(_ sale: Sale, _ disturbance: Disturbance, _ buyer: UserID) async throws {
        switch disturbance {
        case .surplus: try sale.inventory.disturb(sale.event, by: 7)
        case .missing: try sale.inventory.disturb(sale.event, by: -7)
        case .highCount: try sale.inventory.disturb(buyer, of: sale.event, by: 2)
        case .lowCount: try sale.inventory.disturb(buyer, of: sale.event, by: -1)
        case .unloaded: try sale.inventory.dropStock(of: sale.event)
        case .outdated:
            let lease = Lease(
                partition: Sale.partition, epoch: try #require(sale.repository.leaseEpoch(Sale.partition)))
            _ = try #require(try await sale.repository.beginLoad(of: sale.event, under: lease))
        }
    }

    @Test(arguments: Disturbance.allCases)
    func `What was disturbed is loaded anew, and exactly the rest is sold`(_ disturbance: Disturbance) async throws {
        let sale = try Sale(total: 20, limit: 3)
        try await sale.open()
        try await sale.serving(sale.lane(reconcile: Self.interval)) { _ in
            let buyer = sale.newUser()
            try await sale.outcomes(of: [try await sale.buy(2, by: buyer)])
            let loads = sale.journal.count(of: .load)
            try await disturb(sale, disturbance, buyer)
            try await eventually("the event is loaded anew") { sale.journal.count(of: .load) > loads }
            try await eventually("the stock is there") {
                try await sale.inventory.stock(of: sale.event)?.available == 18
            }
            // The limit holds as before: two of three are bought.
            await #expect(throws: ServerError.self) {
                try await sale.buy(2, by: buyer, isUnrecorded: true)
            }
            var orders = [try await sale.buy(1, by: buyer, isUnrecorded: true)]
            for _ in 0..<17 { orders.append(try await sale.buy()) }
            await #expect(throws: ServerError.self, "sold out") { try await sale.buy() }
            #expect(try await sale.outcomes(of: orders).allSatisfy { $0 == .confirmed })
        }
        try await sale.audit()
    }

    @Test func `While repairs are switched off nothing is loaded`() async throws {
        let sale = try Sale(total: 20)
        try await sale.open()
        try await sale.serving(sale.lane(reconcile: Self.interval, repairs: false)) { _ in
            try sale.inventory.disturb(sale.event, by: 7)
            try await sale.outcomes(of: [try await sale.buy(2)])
            // A second of 50 comparisons, any of which would load.
            try await Task.sleep(for: .seconds(1))
            #expect(sale.journal.count(of: .load) == 0)
            #expect(try await sale.inventory.stock(of: sale.event)?.available == 25)
        }
    }

    /// P34.
    @Test func `A sale with cancellations under comparisons without end is balanced, and nothing is repaired`()
        async throws
    {
        let sale = try Sale(total: 600, limit: 4)
        try await sale.open()
        try await sale.serving(sale.lane(batchSize: 7, reconcile: Self.interval)) { _ in
            var orders: [OrderID] = []
            for number in 0..<700 {
                let method = number % 5 == 0 ? "pm_declined" : "pm_accepted"
                do { orders.append(try await sale.buy(number % 3 + 1, method: method)) } catch is ServerError {
                    // Sold out for now; declined orders bring some of it back.
                }
                if number % 10 == 0 { try await Task.sleep(for: .milliseconds(5)) }
            }
            try await sale.outcomes(of: orders)
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(sale.journal.count(of: .load) == 0)
        try await sale.audit()
    }

    /// Negative control of P34: a repair that looks at Postgres alone accepts orders that nothing is left for.
    @Test func `A repair that leaves out what is on the stream would accept too many orders`() async throws {
        let sale = try Sale(total: 10)
        try await sale.open()
        var orders = [try await sale.buy(6)]
        let available = try #require(sale.repository.available(of: sale.event))
        try sale.inventory.disturb(sale.event, by: available - 4)
        orders.append(try await sale.buy(10))
        try await sale.serving(sale.lane()) { _ in
            let outcomes = try await sale.outcomes(of: orders)
            #expect(Set(outcomes) == [.cancelled, .confirmed])
        }
        // The one that counts the stream finds nothing to repair in the same state.
        let other = try Sale(total: 10)
        try await other.open()
        try await other.buy(6)
        let comparer = StockComparer(store: other.store, repository: other.recordingRepository)
        guard case .compared(let comparison) = try await comparer.compare(other.event) else {
            Issue.record("not compared")
            return
        }
        #expect(comparison.isBalanced)
        #expect(comparison.redis.inFlight == 6)
    }

    @Test func `A load that is begun while orders are on the stream waits until they are committed`() async throws {
        let sale = try Sale(total: 10)
        try await sale.open()
        let order = try await sale.buy(6)
        let lease = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "test", for: .seconds(60)))
        var keeper = StockKeeper(
            store: sale.store, repository: sale.recordingRepository, lease: lease, grace: .zero, logger: Sale.silent)
        try await keeper.tick()
        keeper.renew(sale.event)
        try await keeper.tick()
        #expect(try await sale.inventory.stock(of: sale.event) == nil, "nobody buys meanwhile")
        try await sale.repository.giveUp(lease)
        try await sale.serving(sale.lane()) { _ in
            try await sale.outcomes(of: [order])
            try await eventually("the next lane loads") {
                try await sale.inventory.stock(of: sale.event)?.available == 4
            }
        }
    }

    @Test func `A record that was not told of its order's end is told again`() async throws {
        let sale = try Sale(total: 10)
        try await sale.open()
        var order: OrderID?
        try await sale.serving(sale.lane()) { _ in
            order = try await sale.buy()
            try await sale.outcomes(of: [try #require(order)])
        }
        let late = try #require(order)
        try sale.inventory.setPending(late)
        let comparer = StockComparer(store: sale.store, repository: sale.recordingRepository)
        #expect(try await comparer.lateRecords(of: sale.event, olderThan: .seconds(60), limit: 10) == [])
        let found = try await comparer.lateRecords(of: sale.event, olderThan: .zero, limit: 10)
        #expect(found.map(\.id) == [late])
        #expect(found.map(\.status) == [.confirmed])
    }
}

struct BuyerSuspicionTests {
    private let event = EventID()
    private let ada = UserID()
    private let max = UserID()

    @Test func `Who differs by the same in two sweeps is suspect, until looked at`() {
        let suspicion = BuyerSuspicion(handed: 10)
        suspicion.note([ada: 1, max: 2], of: event)
        #expect(suspicion.suspects(of: event) == [])
        suspicion.note([ada: 1, max: 3], of: event)
        #expect(suspicion.suspects(of: event) == [ada])
        #expect(suspicion.suspects(of: EventID()) == [])
        suspicion.clear(event)
        #expect(suspicion.suspects(of: event) == [])
    }

    @Test func `No more are handed on than can be looked at`() {
        let suspicion = BuyerSuspicion(handed: 1)
        for _ in 0..<2 { suspicion.note([ada: 1, max: 2], of: event) }
        #expect(suspicion.suspects(of: event).count == 1)
    }
}

struct ChargeReconcilerTests {
    private final class Books: OutboxRepository {
        private let standings: [OrderID: ChargeStanding]
        private let added = Mutex<[OrderID]>([])
        private let reviewed = Mutex<[OrderID]>([])

        init(_ standings: [OrderID: ChargeStanding]) { self.standings = standings }

        var voids: [OrderID] { added.withLock { $0 } }
        var reviews: [OrderID] { reviewed.withLock { $0 } }

        func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] { [] }
        func markDelivered(_ message: OutboxMessage) async throws(RepositoryError) {}
        func markFailed(
            _ message: OutboxMessage, _ failure: String, pause: Duration
        ) async throws(RepositoryError) {}
        func giveUp(
            _ message: OutboxMessage, _ failure: String, refund: String?
        ) async throws(RepositoryError) {}
        func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError) {}
        func settleRefund(_ id: UUID, reference: String) async throws(RepositoryError) {}
        func chargeStandings(of orders: [OrderID]) async throws(RepositoryError) -> [OrderID: ChargeStanding] {
            standings.filter { orders.contains($0.key) }
        }
        func addVoid(of order: OrderID) async throws(RepositoryError) -> Bool {
            added.withLock { $0.append(order) }
            return true
        }
        func reviewRefunds(of order: OrderID) async throws(RepositoryError) -> Bool {
            reviewed.withLock { $0.append(order) }
            return true
        }
        func depth() async throws(RepositoryError) -> OutboxDepth { OutboxDepth(waiting: 0, oldest: .zero, dead: 0) }
    }

    private static func standing(
        _ status: OrderStatus, refundAge: Duration? = nil, void: ChargeStanding.Void = .none
    ) -> ChargeStanding {
        ChargeStanding(status: status, age: .zero, refundAge: refundAge, void: void)
    }

    /// I8.
    @Test func `A charge of a cancelled order that nothing ends is ended, and no other`() async throws {
        let orders = (1...4).map { Intent.number($0).order }
        let provider = PaymentDouble()
        for order in orders { provider.capture(order) }
        let books = Books([
            orders[0]: Self.standing(.confirmed), orders[1]: Self.standing(.cancelled),
            orders[2]: Self.standing(.cancelled, void: .waiting),
        ])
        for repairs in [false, true] {
            var configuration = WorkerConfiguration()
            configuration.reconcileRepairs = repairs
            let reconciler = ChargeReconciler(
                repository: books, gateway: provider, configuration: configuration, logger: Sale.silent)
            var pass: [ChargeFinding: Int] = [:]
            #expect(try await reconciler.step(after: nil, counting: &pass) == nil)
            #expect(books.voids == (repairs ? [orders[1]] : []))
            #expect(books.reviews.isEmpty)
        }
    }

    @Test func `A charge that was given back by our books and is not by the provider's is looked into`() async throws {
        let orders = (1...3).map { Intent.number($0).order }
        let provider = PaymentDouble()
        for order in orders { provider.capture(order) }
        let books = Books([
            orders[0]: Self.standing(.refunded, refundAge: .seconds(3_600)),
            orders[1]: Self.standing(.refunded, refundAge: .seconds(1)),
            orders[2]: Self.standing(.refunded, refundAge: .seconds(3_600), void: .waiting),
        ])
        let reconciler = ChargeReconciler(
            repository: books, gateway: provider, configuration: WorkerConfiguration(), logger: Sale.silent)
        var pass: [ChargeFinding: Int] = [:]
        _ = try await reconciler.step(after: nil, counting: &pass)
        #expect(books.reviews == [orders[0]])
        #expect(books.voids.isEmpty)
    }
}
