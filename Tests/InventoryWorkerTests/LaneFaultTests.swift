@testable import InventoryWorker
import InventoryStore
import OrderRepository
import Payments
import TestSupport
import Testing
import Ticketing

/// A whole lane whose stores fail at one call, before it takes effect or with its answer lost.
@Suite(.timeLimit(.minutes(1)))
struct LaneFaultTests {
    static let calls: [Journal.Call] = [.renew, .commit, .settle, .acknowledge, .publish, .release, .events]
    static let moments: [Journal.Moment] = [.before, .after]

    @Test(arguments: calls, moments)
    func `Wherever a call fails once, every order ends once`(call: Journal.Call, moment: Journal.Moment) async throws {
        let sale = try Sale()
        try await sale.open()
        var orders: [OrderID] = []
        for number in 0..<10 {
            orders.append(try await sale.buy(2, method: number < 3 ? "pm_declined" : "pm_accepted"))
        }
        sale.journal.fail(call, moment)
        try await sale.serving(sale.lane(batchSize: 4, lease: .milliseconds(600))) { _ in
            try await eventually("the call has failed") { sale.journal.hasFailed }
            let outcomes = try await sale.outcomes(of: orders)
            #expect(outcomes == Array(repeating: .cancelled, count: 3) + Array(repeating: .confirmed, count: 7))
            try await eventually("nothing is on its way") { try await sale.isQuiet }
        }
        #expect(sale.repository.orders.count == 10)
        #expect(Set(sale.payments.charges).count == 10)
        try await sale.audit()
    }

    @Test func `A lane that could not acknowledge a commit does so later, and nothing happens twice`() async throws {
        let sale = try Sale()
        try await sale.open()
        let orders = [try await sale.buy(3), try await sale.buy(4)]
        sale.journal.fail(.acknowledge, .before)
        try await sale.serving(sale.lane()) { _ in
            try await sale.outcomes(of: orders)
            try await eventually("nothing is on its way") { try await sale.isQuiet }
        }
        let commits = sale.journal.steps.compactMap { step in
            if case .committed(let entries) = step { entries } else { nil }
        }
        #expect(commits.count == 2)
        #expect(Set(commits).count == 1)
        #expect(sale.journal.steps.contains(.acknowledged(commits[0])))
        #expect(sale.repository.available(of: sale.event) == 93)
        try await sale.audit()
    }

    @Test func `What one worker committed and never acknowledged another worker finishes`() async throws {
        let sale = try Sale()
        try await sale.open()
        let orders = [try await sale.buy(), try await sale.buy(2, method: "pm_declined")]
        sale.journal.hold(.acknowledge)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let killed = sale.lane("killed")
            tasks.addTask { try await killed.run() }
            try await eventually("the batch is committed") { sale.journal.isWaiting(.acknowledge) }
            sale.journal.fail(.acknowledge, .before)
            tasks.cancelAll()
        }
        #expect(try await sale.inventory.backlog(of: Sale.partition) == 2)
        sale.journal.resume(.acknowledge)
        sale.journal.fail(.acknowledge, .before, times: 0)

        try await sale.serving(sale.lane("next")) { _ in
            #expect(try await sale.outcomes(of: orders) == [.confirmed, .cancelled])
            try await eventually("nothing is on its way") { try await sale.isQuiet }
        }
        #expect(sale.repository.orders.count == 2)
        try await sale.audit()
    }

    @Test(arguments: [false, true])
    func `A redelivered order that was settled long ago is published, also when Redis fails first`(
        fails: Bool
    ) async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy()
        try await settleWithoutTelling(sale)
        #expect(try await sale.inventory.order(order)?.status == .pending)
        if fails { sale.journal.fail(.publish, .before) }
        try await sale.serving(sale.lane("next")) { _ async throws in
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(sale.journal.hasFailed)
        #expect(sale.payments.charges.isEmpty)
        #expect(try await sale.inventory.order(order)?.tickets == sale.repository.state(of: order)?.tickets)
    }

    @Test func `A settlement that its worker did not live to publish is published by the next one`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy()
        try await settleWithoutTelling(sale, isAcknowledged: true)
        #expect(try await sale.inventory.backlog(of: Sale.partition) == 0)
        #expect(try await sale.inventory.order(order)?.status == .pending)
        try await sale.serving(sale.lane("next")) { _ in
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
            try await eventually("the batch is off the list") {
                try await sale.repository.unpublishedBatches(in: Sale.partition, limit: 10).isEmpty
            }
        }
        #expect(sale.payments.charges.isEmpty)
        try await sale.audit()
    }

    @Test func `An order that Redis forgot and accepted again gives its units back and stays as it was`() async throws {
        let sale = try Sale(total: 10)
        let user = sale.newUser()
        let key = IdempotencyKey.random()
        try await sale.serving(sale.lane()) { _ in
            try await eventually("the stock is loaded") { try await sale.inventory.stock(of: sale.event) != nil }
            let order = try await sale.buy(3, by: user, key: key)
            try await sale.outcomes(of: [order])
            let tickets = try await sale.inventory.order(order)?.tickets.map(\.text).sorted()

            sale.inventory.empty()
            sale.inventory.advance(by: .seconds(1))
            try await eventually("the stock is loaded again") {
                try await sale.inventory.stock(of: sale.event)?.available == 7
            }
            #expect(try await sale.buy(3, by: user, key: key, isUnrecorded: true) == order)
            try await sale.outcomes(of: [order])
            #expect(try await sale.inventory.order(order)?.tickets.map(\.text).sorted() == tickets)
            #expect(try await sale.inventory.stock(of: sale.event)?.available == 7)
        }
        #expect(sale.repository.orders.count == 1)
        #expect(sale.payments.charges.count == 1)
        #expect(try sale.inventory.deadEntries(of: Sale.partition).isEmpty)
        try await sale.audit()
    }

    @Test func `An order that is accepted twice within one batch is one order`() async throws {
        let sale = try Sale(total: 10)
        try await sale.open()
        let user = sale.newUser()
        let order = try await sale.buy(3, by: user)
        let intent = Intent(
            order: order, user: user, event: sale.event, quantity: 3,
            total: try #require(Money(amount: 13_500, currency: .eur)), paymentMethod: .standard)
        let lease = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "test", for: .seconds(60)))
        let batch = ["1-0", "2-0"].map { QueuedIntent(entry: StreamEntryID($0), intent: intent) }
        var renewal = LeaseRenewal(lease, for: .seconds(60), in: sale.repository)
        let outcomes = try await BatchCommitter(repository: sale.repository).commit(batch, keeping: &renewal)
            .map(\.1)
        guard case .inserted = outcomes[0], case .acceptedTwice(let state) = outcomes[1] else {
            Issue.record("the outcomes are \(outcomes)")
            return
        }
        #expect(state.status == .pending)
        #expect(sale.repository.available(of: sale.event) == 7)
    }

    @Test func `While Postgres is away orders wait, and all end when it is back`() async throws {
        let sale = try Sale()
        try await sale.open()
        sale.repository.fail(with: RepositoryError(.unavailable, "away"))
        var orders: [OrderID] = []
        try await sale.serving(sale.lane()) { _ in
            for _ in 0..<10 { orders.append(try await sale.buy()) }
            try await eventually("the lane has tried again and again") { sale.journal.count(of: .acquireLease) > 3 }
            sale.repository.fail(with: nil)
            try await sale.outcomes(of: orders)
            sale.repository.fail(with: RepositoryError(.unavailable, "away"))
            for _ in 0..<10 { orders.append(try await sale.buy()) }
            let before = sale.journal.count(of: .renew)
            try await eventually("the lane has tried again") { sale.journal.count(of: .renew) > before + 2 }
            sale.repository.fail(with: nil)
            try await sale.outcomes(of: orders)
            try await eventually("nothing is on its way") { try await sale.isQuiet }
        }
        try await sale.audit()
    }

    @Test func `While Redis is away orders wait, and all end when it is back`() async throws {
        let sale = try Sale()
        try await sale.open()
        var orders: [OrderID] = []
        for number in 0..<10 { orders.append(try await sale.buy(method: number < 5 ? "pm_declined" : "pm_accepted")) }
        for order in orders { sale.payments.hold(order) }
        try await sale.serving(sale.lane()) { _ in
            try await eventually("all payments are under way") { orders.allSatisfy { sale.payments.isWaiting($0) } }
            sale.inventory.fail(with: InventoryError(.unavailable, "away"))
            let before = sale.journal.count(of: .renew)
            for order in orders { sale.payments.release(order) }
            try await eventually("the lane has tried again") { sale.journal.count(of: .renew) > before + 2 }
            sale.inventory.fail(with: nil)
            try await sale.outcomes(of: orders)
            try await eventually("nothing is on its way") { try await sale.isQuiet }
        }
        try await sale.audit()
    }

    /// Delivers, commits and settles what waits, as a worker that dies before it has told Redis anything.
    private func settleWithoutTelling(_ sale: Sale, isAcknowledged: Bool = false) async throws {
        let lease = try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "dead", for: .seconds(60)))
        let deliveries = try await sale.inventory.withReader(of: Sale.partition, consumer: "dead") { reader in
            try await reader.next(limit: 10, wait: .zero)
        }
        let batch = deliveries.compactMap { delivery in
            delivery.intent.map { QueuedIntent(entry: delivery.entry, intent: $0) }
        }
        _ = try await sale.repository.commit(batch, under: lease)
        let settlements = batch.map { Settlement($0.intent, .captured(reference: "dead")) }
        let settled = try #require(try await sale.repository.settle(settlements, under: lease))
        #expect(settled.orders.count == batch.count)
        if isAcknowledged { try await sale.inventory.acknowledge(batch.map(\.entry), in: Sale.partition, drainRate: 0) }
        sale.repository.expireLease(of: Sale.partition)
    }
}
