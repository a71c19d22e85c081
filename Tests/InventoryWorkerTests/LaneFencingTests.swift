@testable import InventoryWorker
import InventoryStore
import OrderRepository
import TestSupport
import Testing
import Ticketing

/// A lane whose lease another has taken (I12, P11).
@Suite(.timeLimit(.minutes(1)))
struct LaneFencingTests {
    @Test func `A lane that lost its lease commits nothing and acknowledges nothing`() async throws {
        let sale = try Sale()
        try await sale.serving(sale.lane("robbed")) { _ in
            try await eventually("the stock is loaded") { try await sale.inventory.stock(of: sale.event) != nil }
            let lease = try await takeLease(of: sale)
            let order = try await sale.buy(2)
            try await eventually("the lane has noticed") { sale.journal.steps.contains(.fenced) }
            #expect(sale.repository.orders.isEmpty)
            #expect(sale.repository.available(of: sale.event) == 100)
            #expect(try await sale.inventory.backlog(of: Sale.partition) == 1)

            // Once the other is done with the partition, the entry is found again.
            try await sale.repository.giveUp(lease)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(
            !sale.journal.steps.prefix { $0 != .fenced }.contains { if case .acknowledged = $0 { true } else { false } }
        )
        try await sale.audit()
    }

    @Test func `A lane that lost its lease during a payment does not settle the order`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy(2)
        sale.payments.hold(order)
        try await sale.serving(sale.lane("robbed")) { _ in
            try await eventually("the payment is under way") { sale.payments.isWaiting(order) }
            let lease = try await takeLease(of: sale)
            sale.payments.release(order)
            try await eventually("the lane has noticed") { sale.journal.steps.contains(.fenced) }
            #expect(sale.repository.state(of: order)?.status == .pending)
            #expect(try await sale.inventory.order(order)?.status == .pending)

            try await sale.repository.giveUp(lease)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        #expect(Set(sale.payments.charges).count == 1)
        try await sale.audit()
    }

    @Test func `A lane that wakes up late writes nothing beside the one that took over`() async throws {
        let sale = try Sale()
        try await sale.open()
        let order = try await sale.buy(2)
        sale.journal.hold(.commit)
        try await sale.serving(sale.lane("paused")) { _ in
            try await eventually("the first lane is about to commit") { sale.journal.isWaiting(.commit) }
            sale.repository.expireLease(of: Sale.partition)
            // The other lane's calls are not held: it has a journal of its own.
            let other = Lane(
                partition: Sale.partition, owner: "other", store: sale.inventory, repository: sale.repository,
                gateway: sale.payments, configuration: WorkerConfiguration(), logger: Sale.silent)
            async let _: Void = other.run()
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
            let tickets = sale.repository.state(of: order)?.tickets

            sale.journal.resume(.commit)
            try await eventually("the first lane has noticed") { sale.journal.steps.contains(.fenced) }
            #expect(sale.repository.state(of: order)?.tickets == tickets)
            #expect(sale.repository.owner(of: Sale.partition) == "other")
        }
        #expect(sale.repository.available(of: sale.event) == 98)
    }

    @Test func `An entry that a lane without a lease has taken is finished by the one that holds it`() async throws {
        let sale = try Sale()
        try await sale.open()
        try await sale.serving(sale.lane(lease: .milliseconds(300))) { _ in
            // The lane stands still between two reads while the other one takes an entry.
            try await eventually("the lane is past its start") { sale.journal.count(of: .events) > 2 }
            sale.journal.hold(.events)
            try await eventually("the lane stands still") { sale.journal.isWaiting(.events) }
            let order = try await sale.buy()
            let stolen = try await sale.inventory.withReader(of: Sale.partition, consumer: "late") { reader in
                try await reader.next(limit: 10, wait: .zero)
            }
            #expect(stolen.map(\.intent?.order) == [order])
            sale.journal.resume(.events)
            #expect(try await sale.outcomes(of: [order]) == [.confirmed])
        }
        try await sale.audit()
    }

    /// What another worker does once the lease has run out.
    private func takeLease(of sale: Sale) async throws -> Lease {
        sale.repository.expireLease(of: Sale.partition)
        return try #require(
            try await sale.repository.acquireLease(of: Sale.partition, owner: "other", for: .seconds(600)))
    }
}
