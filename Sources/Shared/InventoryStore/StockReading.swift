package import Ticketing

/// What a comparison with Postgres asks Redis about an event.
package struct StockInquiry: Hashable, Sendable {
    package let event: EventID
    /// Whose counts are wanted; at most `mostBuyers`.
    package let buyers: [UserID]
    /// Orders whose units wait in the outbox or may be taken again: did they come back, were they taken already? At most
    /// `mostOrders` of either.
    package let orders: [OrderID]
    /// Entries to look through; 0 leaves the stream's units out.
    package let entries: Int

    package init(
        event: EventID, buyers: [UserID] = [], orders: [OrderID] = [], entries: Int = StockInquiry.mostEntries
    ) {
        self.event = event
        self.buyers = buyers
        self.orders = orders
        self.entries = entries
    }

    /// Each of them costs Redis about a microsecond, in which it serves nobody else.
    package static let mostBuyers = 500
    package static let mostOrders = 500
    /// Entries that one inquiry looks through: at about 2 µs each Redis is held for a few milliseconds.
    package static let mostEntries = 2_000
}

/// An event's stock as Redis has it at one instant.
package enum StockReading: Hashable, Sendable {
    case absent
    /// A load is under way: nobody can buy.
    case filling
    /// A number of the stock is none: nobody can buy.
    case unreadable
    /// More entries are on the partition's stream than are looked through at once.
    case crowded(backlog: Int)
    case stock(StockState)
}

/// Loaded stock with what is on its way to Postgres.
package struct StockState: Hashable, Sendable {
    package var epoch: Int64
    package var available: Int
    package var total: Int
    /// Raised whenever units came back.
    package var returns: Int64
    /// Entries on the partition's stream.
    package var backlog: Int
    /// Entries that somebody was given and that are not acknowledged: Postgres may have them or not.
    package var unacknowledged: Int
    /// The last entry that was given to anyone.
    package var delivered: StreamEntryID
    /// Units of the event's entries on the stream.
    package var inFlight: Int
    /// By buyer, of those asked for; -1 for a count that cannot be read.
    package var held: [UserID: Int]
    package var inFlightOfBuyers: [UserID: Int]
    /// Those of the orders asked for whose units came back.
    package var released: Set<OrderID>
    /// Those for which units of this stock were taken again.
    package var retaken: Set<OrderID>

    package init(
        epoch: Int64, available: Int, total: Int, returns: Int64, backlog: Int, unacknowledged: Int,
        delivered: StreamEntryID, inFlight: Int, held: [UserID: Int], inFlightOfBuyers: [UserID: Int],
        released: Set<OrderID>, retaken: Set<OrderID>
    ) {
        self.epoch = epoch
        self.available = available
        self.total = total
        self.returns = returns
        self.backlog = backlog
        self.unacknowledged = unacknowledged
        self.delivered = delivered
        self.inFlight = inFlight
        self.held = held
        self.inFlightOfBuyers = inFlightOfBuyers
        self.released = released
        self.retaken = retaken
    }
}
