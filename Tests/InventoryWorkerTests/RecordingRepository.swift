import Foundation
import OrderRepository
import Ticketing

/// The lanes' repository in memory, with a journal of what the lane did and failures where the test wants them.
struct RecordingRepository: LaneRepository {
    let base: InMemoryLaneRepository
    let journal: Journal

    func acquireLease(
        of partition: Partition, owner: String, for duration: Duration
    ) async throws(RepositoryError) -> Lease? {
        try await failing(.acquireLease) { () throws(RepositoryError) in
            try await base.acquireLease(of: partition, owner: owner, for: duration)
        }
    }

    func renew(_ lease: Lease, for duration: Duration) async throws(RepositoryError) -> Bool {
        try await failing(.renew) { () throws(RepositoryError) in try await base.renew(lease, for: duration) }
    }

    func giveUp(_ lease: Lease) async throws(RepositoryError) { try await base.giveUp(lease) }

    func commit(_ batch: [QueuedIntent], under lease: Lease) async throws(RepositoryError) -> CommitOutcome {
        try await failing(.commit) { () throws(RepositoryError) in
            let outcome = try await base.commit(batch, under: lease)
            journal.note(outcome == .leaseLost ? .fenced : .committed(batch.map(\.entry)))
            return outcome
        }
    }

    func refuse(
        _ queued: QueuedIntent, _ reason: CancellationReason, under lease: Lease
    ) async throws(RepositoryError) -> CommitOutcome {
        try await failing(.refuse) { () throws(RepositoryError) in
            try await base.refuse(queued, reason, under: lease)
        }
    }

    func settle(_ settlements: [Settlement], under lease: Lease) async throws(RepositoryError) -> SettledBatch? {
        try await failing(.settle) { () throws(RepositoryError) in
            let batch = try await base.settle(settlements, under: lease)
            journal.note(batch.map { .settled($0.orders) } ?? .fenced)
            return batch
        }
    }

    func unpublishedBatches(in partition: Partition, limit: Int) async throws(RepositoryError) -> [SettledBatch] {
        try await base.unpublishedBatches(in: partition, limit: limit)
    }

    func markPublished(_ batches: [Int64], in partition: Partition) async throws(RepositoryError) {
        try await base.markPublished(batches, in: partition)
    }

    func states(of orders: [OrderID]) async throws(RepositoryError) -> [SettledOrder] {
        try await base.states(of: orders)
    }

    func pendingOrders(
        in partition: Partition, youngerThan age: Duration, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await base.pendingOrders(in: partition, youngerThan: age, after: order, limit: limit)
    }

    func expiredOrders(
        in partition: Partition, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await base.expiredOrders(in: partition, olderThan: age, limit: limit)
    }

    func endHolds(of orders: [OrderID], under lease: Lease) async throws(RepositoryError) -> Bool {
        try await base.endHolds(of: orders, under: lease)
    }

    func overdueOrders(
        in partition: Partition, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await base.overdueOrders(in: partition, after: order, limit: limit)
    }

    func confirmOverdue(
        _ settlement: Settlement, of event: EventID, epoch: Int64, under lease: Lease
    ) async throws(RepositoryError) -> OverdueOutcome {
        try await failing(.confirmOverdue) { () throws(RepositoryError) in
            try await base.confirmOverdue(settlement, of: event, epoch: epoch, under: lease)
        }
    }

    func waitingReleases(in partition: Partition, limit: Int) async throws(RepositoryError) -> [WaitingRelease] {
        try await base.waitingReleases(in: partition, limit: limit)
    }

    func markDelivered(_ releases: [WaitingRelease]) async throws(RepositoryError) {
        try await base.markDelivered(releases)
    }

    func events(in partition: Partition, changedSince date: Date?) async throws(RepositoryError) -> [SaleVersion] {
        try await failing(.events) { () throws(RepositoryError) in
            try await base.events(in: partition, changedSince: date)
        }
    }

    func beginLoad(of event: EventID, under lease: Lease) async throws(RepositoryError) -> StockLoad? {
        try await base.beginLoad(of: event, under: lease)
    }

    func laneOwner(of partition: Partition) async throws(RepositoryError) -> String? {
        try await base.laneOwner(of: partition)
    }

    func books(
        of event: EventID, buyers: [UserID], mostOrders: Int
    ) async throws(RepositoryError) -> EventBooks? {
        try await base.books(of: event, buyers: buyers, mostOrders: mostOrders)
    }

    func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger? { try await base.ledger(of: event) }

    func heldUnits(of event: EventID) async throws(RepositoryError) -> [UserID: Int] {
        try await base.heldUnits(of: event)
    }

    func endedOrders(
        of event: EventID, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [OrderID] {
        try await base.endedOrders(of: event, olderThan: age, limit: limit)
    }

    func expiredHolds(
        in partition: Partition, olderThan age: Duration
    ) async throws(RepositoryError) -> ExpiredHolds {
        try await base.expiredHolds(in: partition, olderThan: age)
    }

    private func failing<Result>(
        _ call: Journal.Call, _ body: () async throws(RepositoryError) -> Result
    ) async throws(RepositoryError) -> Result {
        if await journal.enter(call) { throw RepositoryError(.unavailable, "\(call) fails as the test wants it") }
        let result = try await body()
        if journal.leave(call) {
            throw RepositoryError(.unavailable, "the answer to \(call) is lost as the test wants it")
        }
        return result
    }
}
