import OrderRepository
import Ticketing

/// Commits a batch of intents; a row that Postgres refuses is found by halving and never fails its neighbours (P16).
struct BatchCommitter<Repository: LaneRepository>: Sendable {
    let repository: Repository

    /// What became of each entry of the batch. A batch with many bad rows takes long: the lease is kept meanwhile.
    func commit(
        _ batch: [QueuedIntent], keeping renewal: inout LeaseRenewal<Repository>
    ) async throws -> [(QueuedIntent, EntryOutcome)] {
        guard !batch.isEmpty else { return [] }
        try await renewal.renewIfDue()
        do {
            switch try await repository.commit(batch, under: renewal.lease) {
            case .leaseLost: throw LeaseLost(lease: renewal.lease)
            case .committed(let inserted, let known):
                return batch.map { ($0, EntryOutcome($0, inserted: inserted, known: known)) }
            }
        } catch let error as RepositoryError where error.code == .rowRejected {
            guard batch.count > 1 else {
                return [(batch[0], try await refuse(batch[0], error, under: renewal.lease))]
            }
            let middle = batch.count / 2
            return try await commit(Array(batch[..<middle]), keeping: &renewal)
                + commit(Array(batch[middle...]), keeping: &renewal)
        }
    }

    /// The order of a refused row is written down as cancelled where it can be.
    private func refuse(
        _ queued: QueuedIntent, _ error: RepositoryError, under lease: Lease
    ) async throws -> EntryOutcome {
        let reason = error.reason ?? .rejected
        do {
            switch try await repository.refuse(queued, reason, under: lease) {
            case .leaseLost: throw LeaseLost(lease: lease)
            case .committed(let inserted, let known):
                guard inserted.isEmpty else {
                    return .cancelled(
                        SettledOrder(id: queued.intent.order, status: .cancelled, reason: reason, tickets: []),
                        note: error.message)
                }
                return EntryOutcome(queued, inserted: inserted, known: known)
            }
        } catch let second as RepositoryError where second.code == .rowRejected {
            return .rejected(reason, note: error.message)
        }
    }
}

enum EntryOutcome {
    /// A new order stands in Postgres.
    case inserted
    /// The entry was committed before, by a lane that did not live to acknowledge it.
    case redelivered(SettledOrder)
    /// Its order was committed from another entry: these units were taken twice and go back.
    case acceptedTwice(SettledOrder)
    /// Postgres refused the row, and has a cancelled order in its place.
    case cancelled(SettledOrder, note: String)
    /// Postgres refused the row and can have no order of this id.
    case rejected(CancellationReason, note: String)

    init(_ queued: QueuedIntent, inserted: Set<StreamEntryID>, known: [OrderID: KnownOrder]) {
        guard !inserted.contains(queued.entry) else {
            self = .inserted
            return
        }
        guard let order = known[queued.intent.order] else {
            // Neither inserted nor there: its row was deleted between the two statements.
            self = .rejected(.rejected, note: "the order was deleted while it was committed")
            return
        }
        self = order.entry == queued.entry ? .redelivered(order.state) : .acceptedTwice(order.state)
    }
}
