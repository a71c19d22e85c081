@testable import InventoryWorker
import InventoryStore
import OrderRepository
import ServiceLifecycle
import TestSupport
import Testing
import Ticketing

/// How a lane ends, and how the next one takes over.
@Suite(.timeLimit(.minutes(1)))
struct LaneShutdownTests {
    @Test func `A lane that is stopped finishes its batch and its charges and gives the lease up`() async throws {
        let sale = try Sale()
        try await sale.open()
        sale.journal.hold(.commit)
        let order = try await sale.buy()
        try await sale.serving(sale.lane()) { group in
            try await eventually("the batch is being committed") { sale.journal.isWaiting(.commit) }
            await group.triggerGracefulShutdown()
            sale.journal.resume(.commit)
        }
        #expect(sale.repository.state(of: order)?.status == .confirmed)
        #expect(try await sale.inventory.order(order)?.status == .confirmed)
        #expect(!sale.repository.isLeased(Sale.partition))
        try await sale.audit()
    }

    @Test func `A lane that is stopped waits for the charges under way`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy()
        sale.payments.hold(order)
        try await sale.serving(sale.lane()) { group in
            try await eventually("the payment is under way") { sale.payments.isWaiting(order) }
            await group.triggerGracefulShutdown()
            // Its lease is long, so that it renews only because it waits.
            try await eventually("the lane waits") { sale.journal.count(of: .renew) > 2 }
            sale.payments.release(order)
        }
        #expect(try await sale.inventory.order(order)?.status == .confirmed)
        try await sale.audit()
    }

    @Test func `A charge that outlasts the shutdown is left to the next lane, which gets the same charge's outcome`()
        async throws
    {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy()
        sale.payments.hold(order)
        try await sale.serving(sale.lane(shutdown: .zero)) { _ in
            try await eventually("the payment is under way") { sale.payments.isWaiting(order) }
        }
        #expect(sale.repository.state(of: order)?.status == .pending)
        #expect(!sale.repository.isLeased(Sale.partition))

        sale.payments.release(order)
        try await sale.serving(sale.lane("next")) { _ async throws in
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(Set(sale.payments.charges).count == 1)
        try await sale.audit()
    }

    @Test func `An order that is deleted while it is paid for does not hold up a shutdown`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy()
        sale.payments.hold(order)
        let lane = sale.lane(shutdown: .seconds(600))
        try await sale.serving(lane) { _ in
            try await eventually("the payment is under way") { sale.payments.isWaiting(order) }
            sale.repository.delete(order)
            sale.payments.release(order)
            try await eventually("the settlement has found nothing") { sale.journal.steps.contains(.settled([])) }
        }
        // The suite's time limit, far below the shutdown's, is what fails without this.
        #expect(!sale.repository.isLeased(Sale.partition))
    }

    @Test func `Of two lanes one works; when it stops the other goes on at once`() async throws {
        let sale = try Sale()
        try await sale.open()
        try await sale.serving(sale.lane("second", lease: .milliseconds(200))) { _ in
            try await sale.serving(sale.lane("first", lease: .milliseconds(200))) { _ in
                var orders: [OrderID] = []
                for _ in 0..<20 { orders.append(try await sale.buy()) }
                try await sale.outcomes(of: orders)
            }
            var orders: [OrderID] = []
            for _ in 0..<20 { orders.append(try await sale.buy()) }
            try await sale.outcomes(of: orders)
        }
        #expect(!sale.journal.steps.contains(.fenced))
        #expect(sale.repository.orders.count == 40)
        try await sale.audit()
    }
}
