import OrderRepository
import Ticketing

/// Commits a batch of intents; a row that Postgres refuses is found by halving and never fails its neighbours (P16).
struct BatchCommitter<Repository: LaneRepository>: Sendable {
    let repository: Repository
    let lease: Lease

    /// What became of each entry of the batch.
    func commit(_ batch: [QueuedIntent]) async throws -> [(QueuedIntent, EntryOutcome)] {
        guard !batch.isEmpty else { return [] }
        do {
            switch try await repository.commit(batch, under: lease) {
            case .leaseLost: throw LeaseLost(lease: lease)
            case .committed(let inserted, let known):
                return batch.map { ($0, EntryOutcome($0, inserted: inserted, known: known)) }
            }
        } catch let error as RepositoryError where error.code == .rowRejected {
            guard batch.count > 1 else {
                return [(batch[0], .rejected(error.reason ?? .rejected, note: error.message))]
            }
            let middle = batch.count / 2
            return try await commit(Array(batch[..<middle])) + commit(Array(batch[middle...]))
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
    /// Postgres refused the row.
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

/// Another lane has taken the partition.
struct LeaseLost: Error {
    let lease: Lease
}
