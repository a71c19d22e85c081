package import Ticketing

/// The fast gate in front of the sale: what the gateway asks of Redis.
///
/// Live: `RedisInventoryStore`. In memory, by the same rules: `InMemoryInventoryStore`.
package protocol InventoryStore: Sendable {
    /// Takes the units, counts the buyer, writes the order record and appends the intent, or does none of it.
    /// Safe to repeat: the same order id is answered by `replay`.
    func reserve(_ reservation: Reservation) async throws(InventoryError) -> ReservationOutcome

    /// The order's record, or nil when Redis has none (never accepted, expired, or Redis was emptied).
    func order(_ id: OrderID) async throws(InventoryError) -> OrderRecord?

    /// Accepts an order again that Redis has lost; only for one that this deployment accepted and Postgres does not
    /// have. Safe to repeat.
    func recover(_ intent: Intent) async throws(InventoryError) -> RecoveryOutcome

    /// Moves order records forward to what Postgres has committed and wakes those who wait.
    func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError)

    /// Has Postgres asked about the order from now on, since its record does not show what becomes of single tickets.
    /// To be called before the change that it would not show; without a record there is nothing to do.
    func deferToPostgres(_ order: OrderID) async throws(InventoryError)

    /// How far the partition's lane has come.
    func progress(of partition: Partition) async throws(InventoryError) -> LaneProgress

    /// The event's stock as Redis counts it, or nil when none is loaded.
    func stock(of event: EventID) async throws(InventoryError) -> Stock?

    /// Everyone who holds, or once held, units of the event, in pages; calls `body` with each page.
    func buyers(of event: EventID, _ body: ([UserID]) -> Void) async throws(InventoryError)

    /// Whether the store answers now.
    func ping() async throws(InventoryError)

    /// Order ids whose state has just become final, for those who wait on them. A `nil` says that news may have been
    /// missed, so each waiter must look for itself.
    func finishedOrders() -> AsyncStream<[OrderID]?>
}

/// One buyer's wish, validated.
package struct Reservation: Hashable, Sendable {
    package let order: OrderID
    package let user: UserID
    package let event: EventID
    package let quantity: Int
    package let paymentMethod: PaymentMethod
    /// Whether Postgres was asked for the order and has none.
    package var isUnrecorded = false
    /// See `Intent.trace`.
    package var trace: String?

    package init(order: OrderID, user: UserID, event: EventID, quantity: Int, paymentMethod: PaymentMethod) {
        self.order = order
        self.user = user
        self.event = event
        self.quantity = quantity
        self.paymentMethod = paymentMethod
    }
}

/// What `reserve` answers. All of these are normal.
package enum ReservationOutcome: Hashable, Sendable {
    /// Taken and queued. `sequence` counts the partition's accepted intents; `committed` is how many of them the
    /// lane has done, so the place in line is `sequence - committed`.
    case accepted(sequence: Int64, committed: Int64, unitPrice: Money)
    /// The same order was accepted before; this is how it stands.
    case replay(OrderRecord)
    /// Nothing was taken. `mayBeRecorded` says that an order of this id may stand in Postgres although its record here
    /// is gone: the user had units of the event at some time, and records of it may have expired.
    case refused(Refusal, mayBeRecorded: Bool)
    /// Nothing was taken, and only because an order of this id may stand in Postgres: look there, and reserve again as
    /// `isUnrecorded` when it does not.
    case ask
}

package enum RecoveryOutcome: Hashable, Sendable {
    case recovered(sequence: Int64)
    /// Redis has the order.
    case known
    /// Nothing was taken: the stock that was loaded meanwhile has too few units, or the buyer has bought others.
    case soldOut(available: Int)
    case limitExceeded(limit: Int, held: Int)
    case busy
}

package enum Refusal: Hashable, Sendable {
    /// The order id is known with another quantity or payment method.
    case reusedKey
    /// Fewer units than asked for are left.
    case soldOut(available: Int)
    /// The buyer would hold more than `limit`; `held` units are theirs now.
    case limitExceeded(limit: Int, held: Int)
    /// The sale opens in `opensIn` (nil: no time is set).
    case notOpen(opensIn: Duration?)
    case closed
    case paused
    /// No stock is loaded for this event: it is unknown, or Redis is warming up.
    case cold
    /// The partition's backlog is at its cap.
    case busy
}

/// What Redis knows of one order.
package struct OrderRecord: Hashable, Sendable {
    package let id: OrderID
    package let user: UserID
    package let event: EventID
    package let quantity: Int
    package let paymentMethod: PaymentMethod
    package let total: Money
    package let status: OrderStatus
    package let reason: CancellationReason?
    package let sequence: Int64
    package let tickets: [TicketCode]
    /// Milliseconds since 1970 by Redis' clock.
    package let createdAt: Int64
    package let updatedAt: Int64
    /// Whether Postgres knows more of the order than this.
    package var isDeferred = false
    /// See `Intent.trace`.
    package var trace: String?

    package init(
        id: OrderID, user: UserID, event: EventID, quantity: Int, paymentMethod: PaymentMethod, total: Money,
        status: OrderStatus, reason: CancellationReason?, sequence: Int64, tickets: [TicketCode], createdAt: Int64,
        updatedAt: Int64
    ) {
        self.id = id
        self.user = user
        self.event = event
        self.quantity = quantity
        self.paymentMethod = paymentMethod
        self.total = total
        self.status = status
        self.reason = reason
        self.sequence = sequence
        self.tickets = tickets
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// How far a partition's lane has come; place in line and ETA come from here.
package struct LaneProgress: Hashable, Sendable {
    /// Intents ever accepted and ever taken off the stream, in the partition.
    package var accepted: Int64
    package var committed: Int64
    /// Orders a second that the lane commits lately; 0 when unknown.
    package var drainRate: Double

    package init(accepted: Int64, committed: Int64, drainRate: Double) {
        self.accepted = accepted
        self.committed = committed
        self.drainRate = drainRate
    }

    /// Where an intent stands in line: 1 is next, 0 is already taken.
    package func placeInLine(of sequence: Int64) -> Int64 { max(0, sequence - committed) }
}
