@testable import InventoryWorker
import InventoryStore
import OrderRepository
import TestSupport
import Testing
import Ticketing

/// Orders whose payment does not come in time.
@Suite(.timeLimit(.minutes(1)))
struct LaneExpiryTests {
    private func lane(of sale: Sale) -> Sale.TestLane {
        var configuration = WorkerConfiguration()
        configuration.lease = .seconds(60)
        configuration.tick = .milliseconds(10)
        configuration.hold = .milliseconds(50)
        return Lane(
            partition: Sale.partition, owner: "lane", store: sale.store, repository: sale.recordingRepository,
            gateway: sale.payments, configuration: configuration, logger: Sale.silent)
    }

    @Test func `An order that is not paid in time is cancelled, sold again, and can be charged no more`() async throws {
        let sale = try Sale(total: 2)
        try await sale.open()
        let late = try await sale.buy(2)
        sale.payments.hold(late)
        try await sale.serving(lane(of: sale)) { _ in
            #expect(try await sale.outcomes(of: [late]) == [.cancelled])
            #expect(try await sale.inventory.order(late)?.reason == .expired)
            try await eventually("the units are back") {
                try await sale.inventory.stock(of: sale.event)?.available == 2
            }
            sale.payments.release(late)
            let next = try await sale.buy(2)
            #expect(try await sale.outcomes(of: [next]) == [.confirmed])
        }
        #expect(sale.repository.voids.isEmpty, "the provider has said that nothing is captured")
        try await sale.audit()
    }

    @Test func `An order that was charged although no answer came is confirmed when its time is over`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy(2)
        sale.payments.hold(order)
        try await sale.serving(lane(of: sale)) { _ in
            try await eventually("the payment is under way") { sale.payments.isWaiting(order) }
            sale.payments.capture(order)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
            sale.payments.release(order)
        }
        try await sale.audit()
    }

    /// An order whose hold ends while the provider is away, and whose charge was captured before.
    private func overdue(_ sale: Sale) async throws -> OrderID {
        sale.payments.setAway(true)
        let order = try await sale.buy(2)
        sale.payments.capture(order)
        try await eventually("its units are back") { try await sale.inventory.stock(of: sale.event)?.available == 2 }
        #expect(try await sale.inventory.order(order)?.status == .pending)
        #expect(sale.repository.state(of: order)?.status == .pending)
        return order
    }

    @Test func `While the provider is away units are sold on in time, and its word ends the order later`() async throws
    {
        let sale = try Sale(total: 2)
        try await sale.open()
        sale.payments.setAway(true)
        let order = try await sale.buy(2)
        try await sale.serving(lane(of: sale)) { _ in
            try await eventually("the units are back") {
                try await sale.inventory.stock(of: sale.event)?.available == 2
            }
            #expect(sale.repository.state(of: order)?.status == .pending)
            sale.payments.setAway(false)
            #expect(try await sale.outcomes(of: [order]) == [.cancelled])
            #expect(try await sale.inventory.order(order)?.reason == .expired)
        }
        #expect(sale.repository.voids.isEmpty)
        try await sale.audit()
    }

    /// The control is the test above: a provider that is asked and silent costs the order its units.
    @Test func `While the provider is not asked for want of room an order keeps its units`() async throws {
        let sale = try Sale(total: 2)
        try await sale.open()
        sale.payments.setCrowded(true)
        let order = try await sale.buy(2)
        sale.payments.hold(order)
        try await sale.serving(lane(of: sale)) { _ in
            try await eventually("its end came twice in vain") { sale.payments.unasked >= 2 }
            sale.payments.capture(order)
            #expect(try await sale.inventory.stock(of: sale.event)?.available == 0)
            #expect(sale.repository.state(of: order)?.status == .pending)
            sale.payments.setCrowded(false)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
            sale.payments.release(order)
        }
        try await sale.audit()
    }

    @Test func `A late success takes units again when there are any`() async throws {
        let sale = try Sale(total: 2)
        try await sale.open()
        try await sale.serving(lane(of: sale)) { _ in
            let order = try await overdue(sale)
            sale.payments.setAway(false)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(sale.repository.available(of: sale.event) == 0)
        try await sale.audit()
    }

    @Test func `A late success whose units were sold meanwhile is given back`() async throws {
        let sale = try Sale(total: 2)
        try await sale.open()
        var order: OrderID?
        try await sale.serving(lane(of: sale)) { _ in
            let late = try await overdue(sale)
            order = late
            let next = try await sale.buy(2)
            // Its charge waits for the provider as well: nothing is decided while that is away.
            sale.payments.setAway(false)
            #expect(try await sale.outcomes(of: [next, late]) == [.confirmed, .cancelled])
            #expect(try await sale.inventory.order(late)?.reason == .expired)
        }
        #expect(sale.repository.voids == [try #require(order)], "from where the refund is made")
        try await sale.audit()
    }

    @Test(arguments: [Journal.Moment.before, .after])
    func `Units that were taken again are taken once, whatever answer is lost`(_ moment: Journal.Moment) async throws {
        let sale = try Sale(total: 4)
        try await sale.open()
        let other = try await sale.buy(2)
        try await sale.serving(lane(of: sale)) { _ in
            #expect(try await sale.outcomes(of: [other]) == [.confirmed])
            let order = try await overdue(sale)
            sale.journal.fail(.confirmOverdue, moment)
            sale.payments.setAway(false)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        try await sale.audit()
    }
}
