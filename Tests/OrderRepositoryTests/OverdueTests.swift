import Testing
import Ticketing

@testable import OrderRepository

/// Orders whose hold has ended before the provider has said how their charge came out.
@Suite struct OverdueTests {
    /// A sale of 10 tickets with one pending order of 3 whose hold was just ended; its stock was loaded once.
    private struct Scene {
        let database: TestDatabase
        let user: UserID
        let event: EventID
        let lease: Lease
        let queued: QueuedIntent

        var order: OrderID { queued.intent.order }

        static func run(_ body: (Scene) async throws -> Void) async throws {
            try await withDatabase { database in
                let user = try await database.makeUser()
                let event = try await database.makeEvent(10)
                let lease = try await database.lease(for: event.id)
                #expect(try await database.lanes.beginLoad(of: event.id, under: lease)?.epoch == 1)
                let queued = QueuedIntent.sample(event.id, user.id, quantity: 3)
                try await database.commitNew([queued], under: lease)
                #expect(try await database.lanes.endHolds(of: [queued.intent.order], under: lease))
                try await body(
                    Scene(database: database, user: user.id, event: event.id, lease: lease, queued: queued))
            }
        }

        func confirm(epoch: Int64 = 1, under lease: Lease? = nil) async throws -> OverdueOutcome {
            try await database.lanes.confirmOverdue(
                .confirmed(queued), of: event, epoch: epoch, under: lease ?? self.lease)
        }

        func releases() async throws -> [OrderID] {
            try await database.lanes.waitingReleases(in: lease.partition, limit: 10).map(\.release.order)
        }
    }

    @Test func itsUnitsAreSoldToOthersOnceAndItStaysPending() async throws {
        try await Scene.run { scene in
            let lanes = scene.database.lanes
            #expect(try await lanes.endHolds(of: [scene.order], under: scene.lease), "twice is once")
            #expect(try await scene.database.available(scene.event) == 10)
            #expect(try await scene.releases() == [scene.order])
            #expect(try await scene.database.repository.order(scene.order)?.status == .pending)
            let ledger = try #require(try await scene.database.repository.ledger(of: scene.event))
            #expect(ledger.isBalanced)
            #expect(ledger.pending == 0)
            #expect(try await scene.database.repository.holding(of: scene.user, in: scene.event)?.held == 0)
            #expect(try await lanes.beginLoad(of: scene.event, under: scene.lease)?.buyers.map(\.units) == [0])
            // It is found among the overdue, and nowhere else.
            #expect(
                try await lanes.overdueOrders(in: scene.lease.partition, after: nil, limit: 10)
                    == [scene.queued.intent])
            #expect(try await lanes.overdueOrders(in: scene.lease.partition, after: scene.order, limit: 10) == [])
            #expect(
                try await lanes.pendingOrders(
                    in: scene.lease.partition, youngerThan: .seconds(3_600), after: nil, limit: 10) == [])
            #expect(try await lanes.expiredOrders(in: scene.lease.partition, olderThan: .zero, limit: 10) == [])
            #expect(try await scene.database.repository.cancel(scene.order, of: scene.user) == false)
        }
    }

    @Test func aLateSuccessTakesUnitsAgainAndBringsTickets() async throws {
        try await Scene.run { scene in
            #expect(
                try await scene.database.lanes.settle([.confirmed(scene.queued)], under: scene.lease)?.orders == [],
                "without its units it is not confirmed")
            #expect(try await scene.confirm() == .confirmed)
            #expect(try await scene.confirm() == .gone, "twice is once")
            #expect(try await scene.database.available(scene.event) == 7)
            let order = try #require(try await scene.database.repository.order(scene.order))
            #expect(order.status == .confirmed)
            #expect(order.tickets.count == 3)
            #expect(try scene.database.count("payments", where: "status = 'captured'") == 1)
            #expect(try scene.database.count("overdue_orders") == 0)
            #expect(try await scene.database.repository.ledger(of: scene.event)?.isBalanced == true)
            let listed = try await scene.database.lanes.unpublishedBatches(in: scene.lease.partition, limit: 10)
            #expect(listed.contains { $0.orders == [scene.order] })
        }
    }

    @Test func aRefusalReturnsNoUnitsASecondTime() async throws {
        try await Scene.run { scene in
            let settled = try await scene.database.lanes.settle([.declined(scene.queued)], under: scene.lease)
            #expect(settled?.orders == [scene.order])
            #expect(try await scene.database.available(scene.event) == 10)
            #expect(try await scene.releases() == [scene.order])
            #expect(try scene.database.count("overdue_orders") == 0)
            #expect(try await scene.confirm() == .gone)
        }
    }

    /// A worker that has just started may not know yet that the event is cancelled.
    @Test func ofACancelledEventItIsNotConfirmed() async throws {
        try await Scene.run { scene in
            let repository = scene.database.repository
            _ = try await repository.cancelEvent(scene.event, reason: nil, by: scene.user)
            #expect(try await scene.confirm() == .eventCancelled)
            #expect(try await repository.order(scene.order)?.status == .pending)
            #expect(try await scene.database.available(scene.event) == 10)
            #expect(try scene.database.count("mails") == 0)
            #expect(try scene.database.count("payments") == 0)
        }
    }

    /// What Redis took was taken from a stock that is no more.
    @Test func aLoadThatCameBetweenMakesTheUnitsToBeTakenAgain() async throws {
        try await Scene.run { scene in
            _ = try await scene.database.lanes.beginLoad(of: scene.event, under: scene.lease)
            #expect(try await scene.confirm() == .epochPassed)
            #expect(try await scene.database.available(scene.event) == 10)
            #expect(try await scene.confirm(epoch: 2) == .confirmed)
        }
    }

    /// A load and a late success at the same instant: the load's figure has the units, and the success is told so, or
    /// it has them not, and the success is counted.
    @Test func aLoadAtTheSameInstantCountsTheUnitsOrPassesTheEpoch() async throws {
        try await Scene.run { scene in
            for round in 0..<9 {
                let queued = QueuedIntent.sample(scene.event, scene.user)
                try await scene.database.commitNew([queued], under: scene.lease)
                #expect(try await scene.database.lanes.endHolds(of: [queued.intent.order], under: scene.lease))
                let before = try await scene.database.available(scene.event)
                let epoch = Int64(round + 1)
                async let load = scene.database.lanes.beginLoad(of: scene.event, under: scene.lease)
                async let confirm = scene.database.lanes.confirmOverdue(
                    .confirmed(queued), of: scene.event, epoch: epoch, under: scene.lease)
                let (figure, outcome) = (try await load?.available, try await confirm)
                #expect(figure == (outcome == .confirmed ? before - 1 : before))
                if outcome == .epochPassed {
                    _ = try await scene.database.lanes.settle([.declined(queued)], under: scene.lease)
                }
            }
            #expect(try await scene.database.repository.ledger(of: scene.event)?.isBalanced == true)
        }
    }

    @Test func aLaneThatHasLostItsLeaseWritesNothing() async throws {
        try await Scene.run { scene in
            let late = Lease(partition: scene.lease.partition, epoch: scene.lease.epoch - 1)
            #expect(try await scene.confirm(under: late) == .leaseLost)
            let other = QueuedIntent.sample(scene.event, scene.user)
            try await scene.database.commitNew([other], under: scene.lease)
            #expect(try await scene.database.lanes.endHolds(of: [other.intent.order], under: late) == false)
            #expect(try await scene.database.available(scene.event) == 9)
        }
    }

    /// The last wall: nothing is confirmed that the stock does not have.
    @Test func withoutStockNothingIsConfirmed() async throws {
        try await Scene.run { scene in
            let rest = QueuedIntent.sample(scene.event, scene.user, quantity: 8)
            try await scene.database.commitNew([rest], under: scene.lease)
            let error = await failure { _ = try await scene.confirm() }
            #expect(error?.code == .rowRejected)
            #expect(try await scene.database.repository.order(scene.order)?.status == .pending)
        }
    }
}
