/// What an organiser decides about a sale, in the form the scripts keep.
package struct SaleTerms: Hashable, Sendable {
    package let revision: Int64
    package let total: Int
    package let limit: Int
    /// Milliseconds since 1970; nil: none.
    package let opens: Int64?
    package let closes: Int64?
    package let state: SaleState
    package let price: Money

    package init(
        revision: Int64, total: Int, limit: Int, opens: Int64?, closes: Int64?, state: SaleState, price: Money
    ) {
        self.revision = revision
        self.total = total
        self.limit = limit
        self.opens = opens
        self.closes = closes
        self.state = state
        self.price = price
    }
}

/// An event's stock, read from Postgres under a new epoch.
package struct StockLoad: Sendable {
    package let event: EventID
    package let epoch: Int64
    package let available: Int
    package let terms: SaleTerms
    package let buyers: [(user: UserID, units: Int)]

    package init(event: EventID, epoch: Int64, available: Int, terms: SaleTerms, buyers: [(user: UserID, units: Int)]) {
        self.event = event
        self.epoch = epoch
        self.available = available
        self.terms = terms
        self.buyers = buyers
    }
}

/// Units on their way back to the stock.
package struct StockRelease: Hashable, Sendable {
    package let event: EventID
    package let order: OrderID
    package let user: UserID
    package let quantity: Int
    /// The load of the stock that the units were missing from.
    package let epoch: Int64

    package init(event: EventID, order: OrderID, user: UserID, quantity: Int, epoch: Int64) {
        self.event = event
        self.order = order
        self.user = user
        self.quantity = quantity
        self.epoch = epoch
    }
}

/// An event's stock as Redis counts it.
package struct Stock: Hashable, Sendable {
    package var available: Int
    package var total: Int
    /// Intents of all events waiting in the partition's stream.
    package var backlog: Int
    /// Which load of the stock this is.
    package var epoch: Int64
    /// Raised whenever units came back, so that a sold-out answer kept elsewhere is known to be old.
    package var returns: Int64

    package init(available: Int, total: Int, backlog: Int, epoch: Int64, returns: Int64) {
        self.available = available
        self.total = total
        self.backlog = backlog
        self.epoch = epoch
        self.returns = returns
    }
}
