package import Foundation
package import Ticketing

/// The worker's side of Postgres: every write to an order or an event names the lease it stands under and does nothing
/// when that is lost.
package protocol LaneRepository: Sendable {
    /// Takes the partition's lease when nobody holds it or it has run out; nil otherwise. Raises the epoch.
    func acquireLease(
        of partition: Partition, owner: String, for duration: Duration
    ) async throws(RepositoryError) -> Lease?

    /// Keeps the lease for `duration` from now; false when another lane has taken it.
    func renew(_ lease: Lease, for duration: Duration) async throws(RepositoryError) -> Bool

    /// Gives the lease up, so that another worker need not wait for it to run out.
    func giveUp(_ lease: Lease) async throws(RepositoryError)

    /// Inserts a batch of intents as pending orders and takes their units, in one statement.
    /// - Throws: `.rowRejected` when a constraint refused one of the rows; nothing was written then.
    func commit(_ batch: [QueuedIntent], under lease: Lease) async throws(RepositoryError) -> CommitOutcome

    /// Writes down an intent that `commit` has refused as a cancelled order, so that its id names this outcome for
    /// ever. No units are taken; a release in the outbox returns those that Redis took. An order that is there already
    /// is left alone, and is the outcome's `known`.
    /// - Throws: `.rowRejected` when not even that can be stored, such as an order of an account that is gone.
    func refuse(
        _ queued: QueuedIntent, _ reason: CancellationReason, under lease: Lease
    ) async throws(RepositoryError) -> CommitOutcome

    /// Brings pending orders to their end: tickets and payment rows, or the units back with a release in the outbox.
    /// nil when the lease is lost.
    func settle(_ settlements: [Settlement], under lease: Lease) async throws(RepositoryError) -> SettledBatch?

    /// The partition's settled batches that were not marked as published, oldest first, at most `limit`.
    func unpublishedBatches(in partition: Partition, limit: Int) async throws(RepositoryError) -> [SettledBatch]

    /// Notes that Redis was told of settled batches.
    func markPublished(_ batches: [Int64], in partition: Partition) async throws(RepositoryError)

    /// How orders stand; those that are not there are left out.
    func states(of orders: [OrderID]) async throws(RepositoryError) -> [SettledOrder]

    /// Orders of the partition that have been pending for less than `age`, oldest first: those that come after `order`,
    /// or all when that is nil or gone.
    func pendingOrders(
        in partition: Partition, youngerThan age: Duration, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent]

    /// Orders of the partition that have been pending for longer than `age`, oldest first.
    func expiredOrders(
        in partition: Partition, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [Intent]

    /// Ends the hold of pending orders: units back with a release in the outbox, while the orders stay pending. Those
    /// that have ended, or whose hold has, are left alone. False when the lease is lost.
    func endHolds(of orders: [OrderID], under lease: Lease) async throws(RepositoryError) -> Bool

    /// Pending orders of the partition whose hold has ended, oldest first: those that come after `order`, or all when
    /// that is nil or gone.
    func overdueOrders(
        in partition: Partition, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> [Intent]

    /// Confirms a pending order whose hold has ended, and takes its units again.
    /// - Parameter epoch: The load of the event's stock that the units were taken from in Redis.
    func confirmOverdue(
        _ settlement: Settlement, of event: EventID, epoch: Int64, under lease: Lease
    ) async throws(RepositoryError) -> OverdueOutcome

    /// Units that wait to be returned to Redis, in the order in which they came free.
    func waitingReleases(in partition: Partition, limit: Int) async throws(RepositoryError) -> [WaitingRelease]

    /// Notes that releases were delivered.
    func markDelivered(_ releases: [WaitingRelease]) async throws(RepositoryError)

    /// The partition's events that changed at or after `date` (nil: all of them), as the lane must know them.
    func events(in partition: Partition, changedSince date: Date?) async throws(RepositoryError) -> [SaleVersion]

    /// Starts a new load of an event's stock: raises its epoch, and takes over the releases that wait, since the figure
    /// it returns includes them. nil when the lease is lost or the event is gone.
    func beginLoad(of event: EventID, under lease: Lease) async throws(RepositoryError) -> StockLoad?

    /// Who has the partition's lease; nil when nobody has, or it has run out.
    func laneOwner(of partition: Partition) async throws(RepositoryError) -> String?

    /// The event's stock with the releases that wait and the orders that are overdue, at most `mostOrders` of either,
    /// and what `buyers` hold, of one instant; nil when there is no such event.
    func books(
        of event: EventID, buyers: [UserID], mostOrders: Int
    ) async throws(RepositoryError) -> EventBooks?

    /// Where the event's tickets are; nil when there is no such event. Reads all its orders.
    func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger?

    /// What each buyer of the event holds; buyers who hold nothing any more are in it with zero. Reads all its orders.
    func heldUnits(of event: EventID) async throws(RepositoryError) -> [UserID: Int]

    /// The event's orders that ended longer ago than `age` and within the life of a record, the last ones first.
    func endedOrders(
        of event: EventID, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [OrderID]

    /// The partition's orders that have been pending for longer than `age`.
    func expiredHolds(in partition: Partition, olderThan age: Duration) async throws(RepositoryError) -> ExpiredHolds
}

/// An intent and the stream entry that carries it.
package struct QueuedIntent: Hashable, Sendable {
    package let entry: StreamEntryID
    package let intent: Intent

    package init(entry: StreamEntryID, intent: Intent) {
        self.entry = entry
        self.intent = intent
    }
}

package enum CommitOutcome: Hashable, Sendable {
    /// Another lane holds the partition: nothing was written.
    case leaseLost
    /// `inserted` are the entries whose orders are new; `known` tells how the others' orders stand already.
    case committed(inserted: Set<StreamEntryID>, known: [OrderID: KnownOrder])
}

/// An order that was in Postgres before its intent came.
package struct KnownOrder: Hashable, Sendable {
    /// The entry it was committed from: the same one says redelivery, another one says accepted a second time.
    package let entry: StreamEntryID
    package let state: SettledOrder

    package init(entry: StreamEntryID, state: SettledOrder) {
        self.entry = entry
        self.state = state
    }
}

/// How a pending order ends.
package struct Settlement: Hashable, Sendable {
    package let order: SettledOrder
    /// The provider's reference of the charge or of its refusal; nil when nothing was charged.
    package let paymentReference: String?

    package init(order: SettledOrder, paymentReference: String?) {
        self.order = order
        self.paymentReference = paymentReference
    }
}

package enum OverdueOutcome: String, Hashable, Sendable {
    case confirmed
    /// Another lane holds the partition.
    case leaseLost
    /// The stock was loaded anew since the units were taken, so none are missing from it: take them again.
    case epochPassed
    case eventCancelled
    /// The order has ended, or holds units.
    case gone
}

/// Orders that were settled together.
package struct SettledBatch: Hashable, Sendable {
    package let id: Int64
    /// Those that moved.
    package let orders: [OrderID]

    package init(id: Int64, orders: [OrderID]) {
        self.id = id
        self.orders = orders
    }
}

/// A row of the outbox that returns units to Redis.
package struct WaitingRelease: Hashable, Sendable {
    package let id: Int64
    package let release: StockRelease

    package init(id: Int64, release: StockRelease) {
        self.id = id
        self.release = release
    }
}

/// What a lane compares to know whether Redis has an event as it is.
package struct SaleVersion: Hashable, Sendable {
    package let event: EventID
    package let epoch: Int64
    package let terms: SaleTerms
    package let updatedAt: Date
    /// Whether the event was cancelled, which is for good.
    package let isCancelled: Bool

    package init(event: EventID, epoch: Int64, terms: SaleTerms, updatedAt: Date, isCancelled: Bool = false) {
        self.event = event
        self.epoch = epoch
        self.terms = terms
        self.updatedAt = updatedAt
        self.isCancelled = isCancelled
    }
}
