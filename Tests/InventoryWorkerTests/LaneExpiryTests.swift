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

    @Test func `While the provider is away orders are cancelled in time, and their charges left to the outbox`()
        async throws
    {
        let sale = try Sale(total: 2)
        try await sale.open()
        sale.payments.setAway(true)
        let order = try await sale.buy(2)
        try await sale.serving(lane(of: sale)) { _ in
            #expect(try await sale.outcomes(of: [order]) == [.cancelled])
            try await eventually("the units are back") {
                try await sale.inventory.stock(of: sale.event)?.available == 2
            }
        }
        #expect(sale.repository.voids == [order])
        try await sale.audit()
    }
}
