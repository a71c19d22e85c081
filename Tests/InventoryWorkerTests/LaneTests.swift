@testable import InventoryWorker
import InventoryStore
import OrderRepository
import Payments
import TestSupport
import Testing
import Ticketing

/// A whole lane on stores in memory, when nothing fails.
@Suite(.timeLimit(.minutes(1)))
struct LaneTests {
    @Test func `Purchases become confirmed orders, each with as many tickets as it has units`() async throws {
        let sale = try Sale()
        try await sale.open()
        var orders: [OrderID] = []
        for quantity in [1, 2, 3] { orders.append(try await sale.buy(quantity)) }
        try await sale.serving(sale.lane()) { _ async throws in
            #expect(try await sale.outcomes(of: orders) == [.confirmed, .confirmed, .confirmed])
        }
        #expect(orders.map { sale.repository.state(of: $0)?.tickets.count } == [1, 2, 3])
        try await sale.audit()
    }

    @Test func `A lane loads the stock of a new sale by itself, and buyers get in`() async throws {
        let sale = try Sale(total: 10)
        try await sale.serving(sale.lane()) { _ in
            try await eventually("the stock is loaded") { try await sale.inventory.stock(of: sale.event) != nil }
            let order = try await sale.buy(10)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        try await sale.audit()
    }

    @Test func `An organiser's change reaches buyers while the lane runs`() async throws {
        let sale = try Sale(total: 10)
        try await sale.serving(sale.lane()) { _ in
            try await eventually("the stock is loaded") { try await sale.inventory.stock(of: sale.event) != nil }
            sale.repository.change(sale.event, to: try .open(total: 25, revision: 2))
            try await eventually("the change is seen") { try await sale.inventory.stock(of: sale.event)?.total == 25 }
        }
        #expect(try await sale.inventory.stock(of: sale.event)?.available == 25)
    }

    @Test func `Orders are committed in the order in which they were accepted`() async throws {
        let sale = try Sale()
        try await sale.open()
        var orders: [OrderID] = []
        for _ in 0..<20 { orders.append(try await sale.buy()) }
        try await sale.serving(sale.lane(batchSize: 1)) { _ in try await sale.outcomes(of: orders) }
        #expect(sale.repository.orders.map(\.intent.order) == orders)
    }

    @Test func `The units of a declined order come back once, for the stock and for the buyer`() async throws {
        let sale = try Sale(total: 4, limit: 4)
        try await sale.open()
        let user = sale.newUser()
        let declined = try await sale.buy(4, by: user, method: "pm_declined")
        try await sale.serving(sale.lane()) { _ in
            #expect(try await sale.outcomes(of: [declined]) == [.cancelled])
            #expect(try await sale.inventory.order(declined)?.reason == .paymentDeclined)
            try await eventually("the units are back") {
                try await sale.inventory.stock(of: sale.event)?.available == 4
            }
            let second = try await sale.buy(4, by: user)
            #expect(try await sale.outcomes(of: [second]) == [.confirmed])
        }
        #expect(sale.journal.steps.count { $0 == .released(declined) } == 1)
        #expect(sale.repository.payments(of: declined).map(\.isCaptured) == [false])
        try await sale.audit()
    }

    @Test func `A free ticket is issued without a charge`() async throws {
        let sale = try Sale(price: 0)
        try await sale.open()
        let order = try await sale.buy(2)
        try await sale.serving(sale.lane()) { _ async throws in
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(sale.payments.charges.isEmpty)
        #expect(sale.repository.payments(of: order).isEmpty)
        try await sale.audit()
    }

    @Test func `An unreadable entry goes to the dead stream and its neighbours are confirmed`() async throws {
        let sale = try Sale()
        try await sale.open()
        var orders = [try await sale.buy()]
        let first = try sale.inventory.appendUnreadable(["order", "no id"], to: Sale.partition)
        orders.append(try await sale.buy())
        let last = try sale.inventory.appendUnreadable([], to: Sale.partition)
        try await sale.serving(sale.lane()) { _ async throws in
            #expect(try await sale.outcomes(of: orders) == [.confirmed, .confirmed])
        }
        #expect(sale.journal.steps.count { $0 == .rejected(first) || $0 == .rejected(last) } == 2)
        let dead = try sale.inventory.deadEntries(of: Sale.partition)
        #expect(dead == [["order", "no id", "rejected", "malformed"], ["rejected", "malformed"]])
        try await sale.audit()
    }

    @Test func `One order that Postgres refuses ends as rejected and the rest of its batch is confirmed`() async throws
    {
        let sale = try Sale(total: 300)
        try await sale.open()
        var orders: [OrderID] = []
        for _ in 0..<120 { orders.append(try await sale.buy()) }
        let poison = try await sale.buy(2, by: UserID())
        for _ in 0..<79 { orders.append(try await sale.buy()) }
        try await sale.serving(sale.lane()) { _ in
            let outcomes = try await sale.outcomes(of: orders)
            #expect(outcomes.allSatisfy { $0 == .confirmed })
            #expect(try await sale.outcomes(of: [poison]) == [.cancelled])
        }
        #expect(try await sale.inventory.order(poison)?.reason == .rejected)
        #expect(sale.repository.state(of: poison) == nil)
        #expect(try sale.inventory.deadEntries(of: Sale.partition).count == 1)
        try await sale.audit()
    }

    @Test func `When Postgres has fewer tickets than Redis believed, nothing is oversold`() async throws {
        let sale = try Sale(total: 10)
        try await sale.open()
        sale.repository.setAvailable(3, of: sale.event)
        var orders: [OrderID] = []
        for _ in 0..<5 { orders.append(try await sale.buy()) }
        try await sale.serving(sale.lane()) { _ in
            let outcomes = try await sale.outcomes(of: orders)
            #expect(outcomes.count { $0 == .confirmed } == 3)
            #expect(outcomes.count { $0 == .cancelled } == 2)
        }
        for order in orders where sale.repository.state(of: order)?.status == .cancelled {
            #expect(sale.repository.state(of: order)?.reason == .soldOut)
            #expect(try await sale.inventory.order(order)?.reason == .soldOut)
        }
        #expect(sale.repository.orders.count == 5)
        #expect(sale.repository.undelivered == 0, "what only Redis had taken is back")
        #expect(sale.repository.available(of: sale.event) == 0)
    }

    @Test func `An entry is acknowledged only after its commit, and an outcome published only after its settlement`()
        async throws
    {
        let sale = try Sale()
        try await sale.open()
        var orders: [OrderID] = []
        for number in 0..<30 {
            orders.append(try await sale.buy(method: number % 3 == 0 ? "pm_declined" : "pm_accepted"))
        }
        try await sale.serving(sale.lane(batchSize: 7)) { _ in try await sale.outcomes(of: orders) }
        var committed: Set<StreamEntryID> = []
        var settled: Set<OrderID> = []
        var acknowledged = 0
        for step in sale.journal.steps {
            switch step {
            case .committed(let entries): committed.formUnion(entries)
            case .settled(let orders): settled.formUnion(orders)
            case .acknowledged(let entries):
                #expect(committed.isSuperset(of: entries))
                acknowledged += entries.count
            case .published(let orders): #expect(settled.isSuperset(of: orders))
            case .released(let order): #expect(settled.contains(order))
            default: break
            }
        }
        #expect(acknowledged == 30)
        #expect(settled == Set(orders))
    }

    @Test func `A slow payment holds up its own order only`() async throws {
        let sale = try Sale()
        try await sale.open()
        let slow = try await sale.buy()
        sale.payments.hold(slow)
        try await sale.serving(sale.lane()) { _ in
            try await eventually("the slow payment is under way") { sale.payments.isWaiting(slow) }
            var orders: [OrderID] = []
            for _ in 0..<50 { orders.append(try await sale.buy()) }
            try await sale.outcomes(of: orders)
            #expect(try await sale.inventory.order(slow)?.status == .pending)
            sale.payments.release(slow)
            #expect(try await sale.outcomes(of: [slow]) == [.confirmed])
        }
        try await sale.audit()
    }

    @Test func `A charge without an outcome is repeated as the same charge until there is one`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy(2)
        sale.payments.failNext(3)
        try await sale.serving(sale.lane()) { _ async throws in
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(sale.payments.charges.count == 4)
        #expect(Set(sale.payments.charges).count == 1)
        #expect(sale.payments.charges.first?.order == order)
        #expect(sale.payments.charges.first?.amount.amount == 9_000)
        try await sale.audit()
    }

    @Test func `An order that someone else has ended meanwhile is published as it stands in Postgres`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy(2)
        sale.payments.hold(order)
        try await sale.serving(sale.lane()) { _ in
            try await eventually("the payment is under way") { sale.payments.isWaiting(order) }
            let intent = try #require(
                try await sale.repository.pendingOrders(
                    in: Sale.partition, youngerThan: .seconds(3_600), after: nil, limit: 1
                ).first)
            let settlement = Settlement(intent, .captured(reference: "someone else"))
            // The earlier lane had the first epoch, so this one has the second.
            let lease = Lease(partition: Sale.partition, epoch: 2)
            #expect(try await sale.repository.settle([settlement], under: lease)?.orders == [order])
            sale.payments.release(order)
            try await sale.outcomes(of: [order])
            #expect(try await sale.inventory.order(order).map { Set($0.tickets) } == Set(settlement.order.tickets))
        }
        try await sale.audit()
    }

    @Test func `Orders beyond the charges that may be under way are paid for when there is room`() async throws {
        let sale = try Sale()
        try await sale.open()
        var configuration = WorkerConfiguration()
        configuration.lease = .seconds(60)
        configuration.chargesInFlight = 3
        let lane = Lane(
            partition: Sale.partition, owner: "lane", store: sale.store, repository: sale.recordingRepository,
            gateway: sale.payments, configuration: configuration, logger: Sale.silent)
        var orders: [OrderID] = []
        for _ in 0..<8 { orders.append(try await sale.buy()) }
        for order in orders.prefix(3) { sale.payments.hold(order) }
        try await sale.serving(lane) { _ in
            try await eventually("all charges are taken") { orders.prefix(3).allSatisfy(sale.payments.isWaiting) }
            // The others wait on the stream, where the backlog limit holds for them.
            #expect(try await sale.inventory.backlog(of: Sale.partition) == 5)
            for order in orders.prefix(3) { sale.payments.release(order) }
            let outcomes = try await sale.outcomes(of: orders)
            #expect(outcomes.allSatisfy { $0 == .confirmed })
        }
        try await sale.audit()
    }
}
