package import Foundation
package import PostgresClient
package import Ticketing

/// The lanes' repository in Postgres. Open its client with a URL made by `laneURL`.
package struct PostgresLaneRepository: LaneRepository {
    let postgres: PostgresClient

    package init(postgres: PostgresClient) { self.postgres = postgres }

    package func acquireLease(
        of partition: Partition, owner: String, for duration: Duration
    ) async throws(RepositoryError) -> Lease? {
        let epoch = try await first(AcquireLease.query(partition, owner: owner, duration)) {
            row throws(PostgresError) in
            try row.decode(Int64.self)
        }
        return epoch.map { Lease(partition: partition, epoch: $0) }
    }

    package func renew(_ lease: Lease, for duration: Duration) async throws(RepositoryError) -> Bool {
        try await run(RenewLease.query(lease, duration)).affected == 1
    }

    package func giveUp(_ lease: Lease) async throws(RepositoryError) { _ = try await run(GiveUpLease.query(lease)) }

    package func commit(
        _ batch: [QueuedIntent], under lease: Lease
    ) async throws(RepositoryError) -> CommitOutcome {
        guard let (held, inserted) = try await first(CommitBatch.query(batch, lease), CommitBatch.decode) else {
            throw RepositoryError(.failed, "the commit returned no row")
        }
        guard held else { return .leaseLost }
        let others = batch.filter { !inserted.contains($0.entry) }.map(\.intent.order)
        guard !others.isEmpty else { return .committed(inserted: inserted, known: [:]) }
        let known = try await all(SelectKnownOrders.query(others), SelectKnownOrders.decode)
        return .committed(inserted: inserted, known: Dictionary(known) { first, _ in first })
    }

    package func refuse(
        _ queued: QueuedIntent, _ reason: CancellationReason, under lease: Lease
    ) async throws(RepositoryError) -> CommitOutcome {
        var rejection: RepositoryError?
        do {
            let row = try await first(RefuseIntent.query(queued, reason, lease)) { row throws(PostgresError) in
                try row.decode(Bool.self, Bool.self)
            }
            guard let (held, inserted) = row, held else { return .leaseLost }
            if inserted { return .committed(inserted: [queued.entry], known: [:]) }
        } catch {
            guard error.code == .rowRejected else { throw error }
            rejection = error
        }
        // The checks and triggers of a row are run also when its order is there already.
        let known = try await all(SelectKnownOrders.query([queued.intent.order]), SelectKnownOrders.decode)
        if known.isEmpty { throw rejection ?? RepositoryError(.rowRejected, "the order was deleted meanwhile") }
        return .committed(inserted: [], known: Dictionary(known) { first, _ in first })
    }

    package func settle(
        _ settlements: [Settlement], under lease: Lease
    ) async throws(RepositoryError) -> SettledBatch? {
        try await first(SettleOrders.query(settlements, lease), SelectUnpublishedBatches.decode)
    }

    package func unpublishedBatches(
        in partition: Partition, limit: Int
    ) async throws(RepositoryError) -> [SettledBatch] {
        try await all(SelectUnpublishedBatches.query(partition, limit: limit), SelectUnpublishedBatches.decode)
    }

    package func markPublished(_ batches: [Int64], in partition: Partition) async throws(RepositoryError) {
        _ = try await run(MarkPublished.query(batches, partition))
    }

    package func states(of orders: [OrderID]) async throws(RepositoryError) -> [SettledOrder] {
        try await all(SelectKnownOrders.query(orders), SelectKnownOrders.decode).map(\.1.state)
    }

    package func pendingOrders(
        in partition: Partition, youngerThan age: Duration, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await all(
            SelectPendingOrders.query(partition, youngerThan: age, after: order, limit: limit),
            SelectPendingOrders.decode)
    }

    package func expiredOrders(
        in partition: Partition, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await all(
            SelectExpiredOrders.query(partition, olderThan: age, limit: limit), SelectPendingOrders.decode)
    }

    package func endHolds(of orders: [OrderID], under lease: Lease) async throws(RepositoryError) -> Bool {
        try await first(EndHolds.query(orders, lease)) { row throws(PostgresError) in try row.decode(Bool.self) }
            ?? false
    }

    package func overdueOrders(
        in partition: Partition, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent] {
        try await all(
            SelectPendingOrders.overdue(partition, after: order, limit: limit), SelectPendingOrders.decode)
    }

    package func confirmOverdue(
        _ settlement: Settlement, of event: EventID, epoch: Int64, under lease: Lease
    ) async throws(RepositoryError) -> OverdueOutcome {
        let query = ConfirmOverdue.query(settlement, event, epoch: epoch, lease)
        return try await first(query, ConfirmOverdue.decode) ?? .leaseLost
    }

    package func waitingReleases(
        in partition: Partition, limit: Int
    ) async throws(RepositoryError) -> [WaitingRelease] {
        try await all(SelectWaitingReleases.query(partition, limit: limit), SelectWaitingReleases.decode)
    }

    package func markDelivered(_ releases: [WaitingRelease]) async throws(RepositoryError) {
        _ = try await run(MarkDelivered.query(releases.map(\.id)))
    }

    package func events(
        in partition: Partition, changedSince date: Date?
    ) async throws(RepositoryError) -> [SaleVersion] {
        try await all(SelectSaleVersions.query(partition, changedSince: date), SelectSaleVersions.decode)
    }

    package func beginLoad(of event: EventID, under lease: Lease) async throws(RepositoryError) -> StockLoad? {
        do {
            return try await postgres.withTransaction { connection in
                guard let row = try await connection.query(RaiseStockEpoch.query(event, lease)).rows.first else {
                    return nil
                }
                let (epoch, available, terms) = try RaiseStockEpoch.decode(row)
                _ = try await connection.query(AbsorbReleases.query(event))
                let buyers = try await connection.query(SelectBuyers.query(event)).rows.map(SelectBuyers.decode)
                return StockLoad(event: event, epoch: epoch, available: available, terms: terms, buyers: buyers)
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    func run(_ query: PostgresQuery) async throws(RepositoryError) -> PostgresResult {
        do { return try await postgres.query(query) } catch { throw RepositoryError(lane: error) }
    }

    func first<Value>(
        _ query: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(RepositoryError) -> Value? {
        guard let row = try await run(query).rows.first else { return nil }
        do { return try decode(row) } catch { throw RepositoryError(error) }
    }

    func all<Value>(
        _ query: PostgresQuery, _ decode: (PostgresRow) throws(PostgresError) -> Value
    ) async throws(RepositoryError) -> [Value] {
        let rows = try await run(query).rows
        do {
            return try rows.map { row throws(PostgresError) in try decode(row) }
        } catch {
            throw RepositoryError(error)
        }
    }
}

extension RepositoryError {
    /// As elsewhere, but a row that breaks a constraint or cannot be stored is the row's fault: the lane takes it out.
    init(lane error: any Error) {
        guard let error = error as? PostgresError, error.code == .server, let state = error.sqlState, state.isRowsFault
        else {
            self.init(error)
            return
        }
        self.init(
            .rowRejected, error.description, underlying: error,
            reason: error.constraint == "events_stock" ? .soldOut : .rejected)
    }
}
