import Foundation
import OrderRepository
import Ticketing

/// Postgres as one worker reaches it.
struct SimulatedLaneRepository: LaneRepository {
    let world: World
    let process: SimulatedProcess

    private var rows: InMemoryLaneRepository { world.repository }

    func acquireLease(
        of partition: Partition, owner: String, for duration: Duration
    ) async throws(RepositoryError) -> Lease? {
        try await call("lease") { [rows] () async throws(RepositoryError) in
            try await rows.acquireLease(of: partition, owner: owner, for: duration)
        }
    }

    func renew(_ lease: Lease, for duration: Duration) async throws(RepositoryError) -> Bool {
        try await call("renew") { [rows] () async throws(RepositoryError) in
            try await rows.renew(lease, for: duration)
        }
    }

    func giveUp(_ lease: Lease) async throws(RepositoryError) {
        try await call("give up") { [rows] () async throws(RepositoryError) in try await rows.giveUp(lease) }
    }

    func commit(_ batch: [QueuedIntent], under lease: Lease) async throws(RepositoryError) -> CommitOutcome {
        try await call("commit", lease, batch.map(\.intent.order)) { [self] lease throws(RepositoryError) in
            let outcome: CommitOutcome
            do throws(RepositoryError) { outcome = try await rows.commit(batch, under: lease) } catch {
                if batch.count == 1 { world.auditor.refused(batch[0].entry, in: lease.partition) }
                throw error
            }
            guard case .committed(let inserted, _) = outcome else { return (outcome, false) }
            world.auditor.committed(batch, inserted: inserted, in: lease.partition)
            if world.control == .counterByBatch { takeAgain(batch.filter { !inserted.contains($0.entry) }) }
            return (outcome, true)
        }
    }

    func refuse(
        _ queued: QueuedIntent, _ reason: CancellationReason, under lease: Lease
    ) async throws(RepositoryError) -> CommitOutcome {
        try await call("refuse", lease, [queued.intent.order]) { [self] lease throws(RepositoryError) in
            let outcome = try await rows.refuse(queued, reason, under: lease)
            return (outcome, outcome != .leaseLost)
        }
    }

    func settle(_ settlements: [Settlement], under lease: Lease) async throws(RepositoryError) -> SettledBatch? {
        try await call("settle", lease, settlements.map(\.order.id)) { [self] lease throws(RepositoryError) in
            let batch = try await rows.settle(settlements, under: lease)
            return (batch, batch != nil)
        }
    }

    func unpublishedBatches(in partition: Partition, limit: Int) async throws(RepositoryError) -> [SettledBatch] {
        try await call("unpublished") { [rows] () async throws(RepositoryError) in
            try await rows.unpublishedBatches(in: partition, limit: limit)
        }
    }

    func markPublished(_ batches: [Int64], in partition: Partition) async throws(RepositoryError) {
        try await call("published") { [rows] () async throws(RepositoryError) in
            try await rows.markPublished(batches, in: partition)
        }
    }

    func states(of orders: [OrderID]) async throws(RepositoryError) -> [SettledOrder] {
        try await call("states") { [rows] () async throws(RepositoryError) in try await rows.states(of: orders) }
    }

    func pendingOrders(
        in partition: Partition, youngerThan age: Duration, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await call("pending") { [rows] () async throws(RepositoryError) in
            try await rows.pendingOrders(in: partition, youngerThan: age, after: order, limit: limit)
        }
    }

    func expiredOrders(
        in partition: Partition, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await call("expired") { [rows] () async throws(RepositoryError) in
            try await rows.expiredOrders(in: partition, olderThan: age, limit: limit)
        }
    }

    func endHolds(of orders: [OrderID], under lease: Lease) async throws(RepositoryError) -> Bool {
        try await call("end holds", lease, orders) { [self] lease throws(RepositoryError) in
            let isHeld = try await rows.endHolds(of: orders, under: lease)
            return (isHeld, isHeld)
        }
    }

    func overdueOrders(
        in partition: Partition, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await call("overdue") { [rows] () async throws(RepositoryError) in
            try await rows.overdueOrders(in: partition, after: order, limit: limit)
        }
    }

    func confirmOverdue(
        _ settlement: Settlement, of event: EventID, epoch: Int64, under lease: Lease
    ) async throws(RepositoryError) -> OverdueOutcome {
        try await call("confirm", lease, [settlement.order.id]) { [self] lease throws(RepositoryError) in
            let outcome = try await rows.confirmOverdue(settlement, of: event, epoch: epoch, under: lease)
            return (outcome, outcome == .confirmed)
        }
    }

    func waitingReleases(in partition: Partition, limit: Int) async throws(RepositoryError) -> [WaitingRelease] {
        try await call("releases") { [rows] () async throws(RepositoryError) in
            try await rows.waitingReleases(in: partition, limit: limit)
        }
    }

    func markDelivered(_ releases: [WaitingRelease]) async throws(RepositoryError) {
        try await call("delivered") { [rows] () async throws(RepositoryError) in
            try await rows.markDelivered(releases)
        }
    }

    func events(
        in partition: Partition, changedSince date: Date?
    ) async throws(RepositoryError) -> [SaleVersion] {
        try await call("events") { [rows] () async throws(RepositoryError) in
            try await rows.events(in: partition, changedSince: date)
        }
    }

    func beginLoad(of event: EventID, under lease: Lease) async throws(RepositoryError) -> StockLoad? {
        try await call("begin load", lease, [], canBeLate: false) { [self] lease throws(RepositoryError) in
            let load = try await rows.beginLoad(of: event, under: lease)
            return (load, load != nil)
        }
    }

    func laneOwner(of partition: Partition) async throws(RepositoryError) -> String? {
        try await call("owner") { [rows] () async throws(RepositoryError) in try await rows.laneOwner(of: partition) }
    }

    func books(
        of event: EventID, buyers: [UserID], mostOrders: Int
    ) async throws(RepositoryError) -> EventBooks? {
        try await call("books") { [rows] () async throws(RepositoryError) in
            try await rows.books(of: event, buyers: buyers, mostOrders: mostOrders)
        }
    }

    func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger? {
        try await call("ledger") { [rows] () async throws(RepositoryError) in try await rows.ledger(of: event) }
    }

    func heldUnits(of event: EventID) async throws(RepositoryError) -> [UserID: Int] {
        try await call("held units") { [rows] () async throws(RepositoryError) in
            try await rows.heldUnits(of: event)
        }
    }

    func endedOrders(
        of event: EventID, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [OrderID] {
        try await call("ended") { [rows] () async throws(RepositoryError) in
            try await rows.endedOrders(of: event, olderThan: age, limit: limit)
        }
    }

    func expiredHolds(
        in partition: Partition, olderThan age: Duration
    ) async throws(RepositoryError) -> ExpiredHolds {
        try await call("holds") { [rows] () async throws(RepositoryError) in
            try await rows.expiredHolds(in: partition, olderThan: age)
        }
    }

    /// Moves the counter for rows that were there before.
    private func takeAgain(_ batch: [QueuedIntent]) {
        for queued in batch {
            guard let available = rows.available(of: queued.intent.event) else { continue }
            rows.setAvailable(available - queued.intent.quantity, of: queued.intent.event)
        }
    }

    private func call<Value: Sendable>(
        _ name: StaticString, _ effect: @escaping @Sendable () async throws(RepositoryError) -> Value
    ) async throws(RepositoryError) -> Value {
        try await world.postgres(name, from: process, [], effect)
    }

    /// A write under a lease; `effect` also says whether it wrote.
    private func call<Value: Sendable>(
        _ name: StaticString, _ lease: Lease, _ orders: [OrderID], canBeLate: Bool = true,
        _ effect: @escaping @Sendable (Lease) async throws(RepositoryError) -> (Value, hasWritten: Bool)
    ) async throws(RepositoryError) -> Value {
        try await world.postgres(name, from: process, orders, canBeLate: canBeLate) {
            [world] () async throws(RepositoryError) in
            let current = world.repository.image.epoch(of: lease.partition)
            let isIgnored = world.control == .fenceIgnored
            let (value, hasWritten) = try await effect(
                isIgnored ? Lease(partition: lease.partition, epoch: current ?? 0) : lease)
            world.auditor.expectLease(lease, hasWritten: hasWritten, current: current, name)
            return value
        }
    }
}

/// The outbox as one worker reaches it.
struct SimulatedOutbox: OutboxRepository {
    let world: World
    let process: SimulatedProcess

    private var rows: InMemoryLaneRepository { world.repository }

    func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] {
        try await world.postgres("messages", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.claimMessages(limit: limit, hidden: hidden)
        }
    }

    func markDelivered(_ message: OutboxMessage) async throws(RepositoryError) {
        try await world.postgres("sent", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.markDelivered(message)
        }
    }

    func markFailed(
        _ message: OutboxMessage, _ failure: String, pause: Duration
    ) async throws(RepositoryError) {
        try await world.postgres("not sent", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.markFailed(message, failure, pause: pause)
        }
    }

    func giveUp(_ message: OutboxMessage, _ failure: String, refund: String?) async throws(RepositoryError) {
        try await world.postgres("given up", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.giveUp(message, failure, refund: refund)
        }
    }

    func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError) {
        try await world.postgres("refunded", from: process, [order]) { [rows] () async throws(RepositoryError) in
            try await rows.recordRefund(of: order, charge: charge, refund: refund)
        }
    }

    func settleRefund(_ id: UUID, reference: String) async throws(RepositoryError) {
        try await world.postgres("refund settled", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.settleRefund(id, reference: reference)
        }
    }
}

extension SimulatedOutbox {
    func chargeStandings(of orders: [OrderID]) async throws(RepositoryError) -> [OrderID: ChargeStanding] {
        try await world.postgres("standings", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.chargeStandings(of: orders)
        }
    }

    func addVoid(of order: OrderID) async throws(RepositoryError) -> Bool {
        try await world.postgres("void", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.addVoid(of: order)
        }
    }

    func reviewRefunds(of order: OrderID) async throws(RepositoryError) -> Bool {
        try await world.postgres("review", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.reviewRefunds(of: order)
        }
    }

    func depth() async throws(RepositoryError) -> OutboxDepth {
        try await world.postgres("depth", from: process, []) { [rows] () async throws(RepositoryError) in
            try await rows.depth()
        }
    }
}

extension World {
    /// A call of `process` on Postgres that may change `orders`, and who looks on.
    func postgres<Value: Sendable>(
        _ name: StaticString, from process: SimulatedProcess, _ orders: [OrderID], canBeLate: Bool = true,
        _ effect: @escaping @Sendable () async throws(RepositoryError) -> Value
    ) async throws(RepositoryError) -> Value {
        try await network.call(
            name, from: process, to: .postgres, canBeLate: canBeLate,
            failure: { _ in RepositoryError(.unavailable, "no answer") }
        ) { [self] () async throws(RepositoryError) in
            defer { if !orders.isEmpty { auditor.postgresStep(orders) } }
            return try await effect()
        }
    }
}
