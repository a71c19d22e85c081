import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct LeaseTests {
    private let partition = Partition(2)

    @Test func aLeaseIsOneOwnersUntilItRunsOutByPostgresClock() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let first = try #require(try await lanes.acquireLease(of: partition, owner: "a", for: .seconds(600)))
            #expect(first.partition == partition)
            #expect(try await lanes.acquireLease(of: partition, owner: "b", for: .seconds(600)) == nil)
            #expect(try await lanes.acquireLease(of: partition, owner: "a", for: .seconds(600)) == nil)
            #expect(try await lanes.acquireLease(of: Partition(3), owner: "b", for: .seconds(600)) != nil)

            try database.sql("UPDATE worker_leases SET expires_at = now() - interval '1 millisecond'")
            let second = try #require(try await lanes.acquireLease(of: partition, owner: "b", for: .seconds(600)))
            #expect(second.epoch > first.epoch)
            #expect(try database.sql("SELECT owner FROM worker_leases WHERE partition = 2") == "b")
            #expect(
                try database.sql("SELECT expires_at > now() + interval '590 s' FROM worker_leases WHERE partition = 2")
                    == "t")
        }
    }

    @Test func aShortLeaseRunsOutByItselfAndARenewedOneDoesNot() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let short = try #require(try await lanes.acquireLease(of: partition, owner: "a", for: .milliseconds(20)))
            // Nobody took it yet, so it can still be renewed.
            try database.sql("SELECT pg_sleep_until(expires_at) FROM worker_leases")
            #expect(try await lanes.renew(short, for: .seconds(600)))
            #expect(try await lanes.acquireLease(of: partition, owner: "b", for: .seconds(600)) == nil)
            #expect(try await lanes.renew(short, for: .milliseconds(1)))
            try database.sql("SELECT pg_sleep_until(expires_at + interval '1 millisecond') FROM worker_leases")
            #expect(try await lanes.acquireLease(of: partition, owner: "b", for: .seconds(600)) != nil)
        }
    }

    @Test func aLeaseThatIsGivenUpIsFreeAtOnceAndItsWritesStayFencedOff() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(10)
            let user = try await database.makeUser()
            let old = try await database.lease(for: event.id)
            try await database.lanes.giveUp(old)
            let new = try #require(
                try await database.lanes.acquireLease(of: old.partition, owner: "b", for: .seconds(600)))
            #expect(new.epoch > old.epoch)
            #expect(try await database.lanes.commit([.sample(event.id, user.id)], under: old) == .leaseLost)
            try await database.lanes.giveUp(old)
            #expect(try await database.lanes.renew(new, for: .seconds(600)), "only its own lease is given up")
            #expect(try database.sql("SELECT expires_at > now() FROM worker_leases") == "t")
        }
    }

    @Test func ofManyWorkersThatAskAtOnceOneGetsTheLease() async throws {
        try await withDatabase { database async throws in
            for _ in 0..<5 {
                let taken = await withTaskGroup(of: Lease?.self) { group in
                    for worker in 0..<6 {
                        group.addTask {
                            try? await database.lanes.acquireLease(
                                of: Partition(2), owner: "\(worker)", for: .seconds(600))
                        }
                    }
                    return await group.reduce(into: []) { if let lease = $1 { $0.append(lease) } }
                }
                #expect(taken.count == 1)
                try database.sql("UPDATE worker_leases SET expires_at = now() - interval '1 second'")
            }
        }
    }
}

/// I12: a lane whose epoch has passed writes nothing, whatever it had begun.
@Suite struct FencingTests {
    /// An event, a lease that was lost, the lease that followed it, and an order committed under the first.
    private func takeOver(
        _ database: TestDatabase
    ) async throws -> (event: EventID, user: UserID, old: Lease, new: Lease, committed: QueuedIntent) {
        let event = try await database.makeEvent(10)
        let user = try await database.makeUser()
        let old = try await database.lease(for: event.id)
        let committed = QueuedIntent.sample(event.id, user.id)
        try await database.commitNew([committed], under: old)
        try database.sql("UPDATE worker_leases SET expires_at = now() - interval '1 second'")
        let new = try #require(
            try await database.lanes.acquireLease(of: old.partition, owner: "b", for: .seconds(600)))
        return (event.id, user.id, old, new, committed)
    }

    @Test func nothingIsWrittenUnderALostLease() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let (event, user, old, _, committed) = try await takeOver(database)
            let rows = """
                SELECT (SELECT count(*) FROM ticket_orders), (SELECT available_tickets FROM events),
                       (SELECT stock_epoch FROM events), (SELECT count(*) FROM tickets), (SELECT count(*) FROM payments),
                       (SELECT count(*) FROM outbox), (SELECT count(*) FROM pending_orders),
                       (SELECT count(*) FROM unpublished_settlements),
                       (SELECT expires_at FROM worker_leases)
                """
            let before = try database.sql(rows)
            #expect(try await lanes.commit([.sample(event, user)], under: old) == .leaseLost)
            // What the lane knows already is not told either: it is no longer its business.
            #expect(try await lanes.commit([committed], under: old) == .leaseLost)
            #expect(try await lanes.settle([.confirmed(committed)], under: old) == nil)
            #expect(try await lanes.settle([.declined(committed)], under: old) == nil)
            #expect(try await lanes.refuse(.sample(event, user), .soldOut, under: old) == .leaseLost)
            #expect(try await lanes.beginLoad(of: event, under: old) == nil)
            #expect(try await lanes.renew(old, for: .seconds(5_000)) == false)
            try await lanes.giveUp(old)
            #expect(try database.sql(rows) == before)
        }
    }

    @Test func allOfItIsWrittenUnderTheLeaseThatFollows() async throws {
        try await withDatabase { database async throws in
            let lanes = database.lanes
            let (event, user, _, new, committed) = try await takeOver(database)
            try await database.commitNew([.sample(event, user)], under: new)
            #expect(try await lanes.settle([.confirmed(committed)], under: new)?.orders == [committed.intent.order])
            #expect(try await lanes.beginLoad(of: event, under: new)?.epoch == 1)
            #expect(try await lanes.renew(new, for: .seconds(5_000)))
        }
    }

    @Test func onlyTheEpochOfTheLeaseItselfWrites() async throws {
        try await withDatabase { database async throws in
            let (event, user, _, new, _) = try await takeOver(database)
            for epoch in [new.epoch - 1, new.epoch + 1] {
                let forged = Lease(partition: new.partition, epoch: epoch)
                #expect(try await database.lanes.commit([.sample(event, user)], under: forged) == .leaseLost)
            }
            // Negative control: the same write under the lease goes through.
            try await database.commitNew([.sample(event, user)], under: new)
        }
    }

    /// Redis may have marks of a database that was there before.
    @Test func epochsGoOnRisingInADatabaseThatIsMadeAnew() async throws {
        var epochs: [Int64] = []
        for _ in 0..<2 {
            try await withDatabase { database async throws in
                for _ in 0..<3 {
                    let lease = try #require(
                        try await database.lanes.acquireLease(of: Partition(1), owner: "a", for: .seconds(60)))
                    epochs.append(lease.epoch)
                    try await database.lanes.giveUp(lease)
                }
            }
        }
        #expect(zip(epochs, epochs.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func aTakeOverWaitsForAStatementThatHoldsTheFence() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(10)
            let user = try await database.makeUser()
            let old = try await database.lease(for: event.id)
            try database.sql("UPDATE worker_leases SET expires_at = now() - interval '1 second'")
            let takeOver = try await database.postgres.withTransaction { connection in
                try await connection.query(CommitBatch.query([.sample(event.id, user.id)], old))
                let takeOver = Task {
                    try await database.lanes.acquireLease(of: old.partition, owner: "b", for: .seconds(600))
                }
                try await eventually("the take-over waits for a lock") { try await isBlocked(database) }
                return takeOver
            }
            // The commit went through before the take-over, so whoever took over reads all of it.
            #expect(try #require(try await takeOver.value).epoch > old.epoch)
            #expect(try await database.available(event.id) == 9)
        }
    }

    @Test func aStatementThatBeginsDuringATakeOverWaitsForItAndWritesNothing() async throws {
        try await withDatabase { database async throws in
            let event = try await database.makeEvent(10)
            let user = try await database.makeUser()
            let old = try await database.lease(for: event.id)
            try database.sql("UPDATE worker_leases SET expires_at = now() - interval '1 second'")
            let commit = try await database.postgres.withTransaction { connection in
                let taken = try await connection.query(
                    AcquireLease.query(old.partition, owner: "b", .seconds(600))
                ).rows.count
                #expect(taken == 1)
                let commit = Task { try await database.lanes.commit([.sample(event.id, user.id)], under: old) }
                try await eventually("the commit waits for a lock") { try await isBlocked(database) }
                return commit
            }
            #expect(try await commit.value == .leaseLost)
            #expect(try await database.available(event.id) == 10)
        }
    }

    private func isBlocked(_ database: TestDatabase) async throws -> Bool {
        try database.sql(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """) != "0"
    }
}
