package import Ticketing

/// The worker's side of the inventory: what a lane reads from its stream and puts back into Redis.
///
/// Only the lane that holds the partition's lease calls these.
package protocol LaneStore: Sendable {
    associatedtype Reader: IntentReader

    /// Which events are a partition's.
    var partitioning: Partitioning { get }

    /// Opens the partition's stream for reading, on a connection of its own, for as long as `body` runs.
    func withReader<Result: Sendable>(
        of partition: Partition, consumer: String, _ body: (Reader) async throws -> Result
    ) async throws -> Result

    /// Takes committed entries off the stream; returns how many were still on it.
    /// `drainRate`: orders a second the lane commits lately, for the buyers' ETA.
    @discardableResult
    func acknowledge(
        _ entries: [StreamEntryID], in partition: Partition, drainRate: Double
    ) async throws(InventoryError)
        -> Int

    /// Moves order records forward to what Postgres has committed and wakes those who wait.
    func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError)

    /// Ends an intent that Postgres did not take: units back, record settled, entry off the stream; once.
    func reject(_ rejection: Rejection, under lease: Lease) async throws(InventoryError) -> RejectOutcome

    /// Returns the units of a cancelled order to the stock, once.
    func release(_ release: StockRelease) async throws(InventoryError) -> ReleaseOutcome

    /// Takes units again for an order whose hold has ended; once of each load of the stock.
    func retake(_ intent: Intent, under lease: Lease) async throws(InventoryError) -> RetakeOutcome

    /// Fills an event's stock and its buyers' counts from Postgres. Nobody is admitted from the call's begin until it
    /// answers `loaded`, or until a later load does.
    func load(_ stock: StockLoad, under lease: Lease) async throws(InventoryError) -> LoadOutcome

    /// Brings an organiser's change to loaded stock. Stock that was loaded into another server process is thrown away:
    /// what the present one holds of it may be old.
    /// - Parameter grace: How long after a loss of memory the event is not to be loaded; zero for one that never was.
    func amend(
        _ event: EventID, _ terms: SaleTerms, grace: Duration
    ) async throws(InventoryError) -> AmendOutcome

    /// Leaves the lane's mark in Redis, from which on lanes before this one can neither reject nor load (I12). To be
    /// called before the first entry is taken over.
    func mark(_ lease: Lease) async throws(InventoryError) -> MarkOutcome

    /// Entries on the partition's stream.
    func backlog(of partition: Partition) async throws(InventoryError) -> Int

    /// Reads an event's stock and what is on its way to Postgres, in one step. Writes nothing.
    func inspect(_ inquiry: StockInquiry) async throws(InventoryError) -> StockReading

    /// What each buyer of the event holds by Redis; -1 for a count that cannot be read. Read in pages while the sale goes
    /// on, so figures of different buyers are of different instants.
    func heldUnits(of event: EventID) async throws(InventoryError) -> [UserID: Int]

    /// How the records of orders stand; those without a record are left out.
    func statuses(of orders: [OrderID]) async throws(InventoryError) -> [OrderID: OrderStatus]
}

/// Reads one partition's intents as one consumer of the lanes' group.
package protocol IntentReader: Sendable {
    /// New entries in stream order, at most `limit`; waits up to `wait` for the first.
    func next(limit: Int, wait: Duration) async throws(InventoryError) -> [IntentDelivery]

    /// Takes over every entry that was delivered to anyone and not acknowledged, a page after `cursor`.
    func pending(after cursor: String, limit: Int) async throws(InventoryError) -> PendingPage
}

/// One entry as it came off the stream.
package struct IntentDelivery: Hashable, Sendable {
    package let entry: StreamEntryID
    /// nil when the entry cannot be read: it goes to the dead stream.
    package let intent: Intent?

    package init(entry: StreamEntryID, intent: Intent?) {
        self.entry = entry
        self.intent = intent
    }
}

package struct PendingPage: Sendable {
    package var deliveries: [IntentDelivery]
    /// Where to go on; `0-0` at the end.
    package var cursor: String
    /// Entries that were delivered once and are no longer on the stream: they are lost (I15).
    package var lost: [StreamEntryID]

    package init(deliveries: [IntentDelivery], cursor: String, lost: [StreamEntryID]) {
        self.deliveries = deliveries
        self.cursor = cursor
        self.lost = lost
    }
}

/// An entry to be ended, and what its order becomes.
package struct Rejection: Hashable, Sendable {
    package let entry: StreamEntryID
    /// nil when the entry cannot be read.
    package let intent: Intent?
    package let settled: SettledOrder?
    /// Why it goes to the dead stream; nil when it does not.
    package let note: String?

    package init(entry: StreamEntryID, intent: Intent?, settled: SettledOrder?, note: String?) {
        self.entry = entry
        self.intent = intent
        self.settled = settled
        self.note = note
    }
}

package enum ReleaseOutcome: String, Hashable, Sendable {
    case released = "RELEASED"
    case already = "ALREADY"
    /// The load they belong to is not in Redis yet: try again.
    case wait = "WAIT"
    /// A later load includes them already.
    case stale = "STALE"
}

package enum RetakeOutcome: Hashable, Sendable {
    /// They are missing from the load of this epoch, from now on or since an earlier call.
    case taken(epoch: Int64)
    case soldOut
    case limitExceeded
    /// No stock is loaded: try again.
    case wait
    /// A later lane has marked the partition.
    case fenced
}

package enum RejectOutcome: String, Hashable, Sendable {
    case rejected = "REJECTED"
    /// The entry was taken off before.
    case gone = "GONE"
    /// A later lane has marked the partition.
    case fenced = "FENCED"
}

package enum MarkOutcome: String, Hashable, Sendable {
    /// The mark is still there.
    case current = "CURRENT"
    /// There was that of a lane before this one.
    case marked = "MARKED"
    /// There was none: Redis is new or was emptied, and all stock must be loaded.
    case empty = "EMPTY"
    /// Another server process answers than before, by a restart or a fail-over. It may hold an older state, so all stock
    /// must be loaded anew.
    case restarted = "RESTARTED"
    /// A later lane has marked the partition.
    case fenced = "FENCED"
}

package enum LoadOutcome: String, Hashable, Sendable {
    case loaded = "LOADED"
    /// Intents of the event are on their way, which the figure from Postgres counts or does not: begin a new load, from
    /// a new reading, when what was on the stream is committed. This load's figure must not be used again.
    case wait = "WAIT"
    /// This load is there, or a later one is there or has begun.
    case current = "CURRENT"
    /// A later lane has marked the partition.
    case fenced = "FENCED"
}

package enum AmendOutcome: String, Hashable, Sendable {
    case amended = "AMENDED"
    case current = "CURRENT"
    /// No stock is loaded.
    case cold = "COLD"
    /// No stock is loaded, nor is it to be loaded yet: orders that were lost come first.
    case quiet = "QUIET"
}
