package import Ticketing

/// An event's stock by Postgres with what the outbox owes to Redis, all of one instant.
package struct EventBooks: Hashable, Sendable {
    package var epoch: Int64
    package var total: Int
    package var available: Int
    /// Units that came free and are not marked as returned to Redis.
    package var releases: [StockRelease]
    /// Units of pending orders whose hold has ended: Redis may have taken them again.
    package var overdue: [StockRelease]
    /// Whether there are more of either than were read.
    package var hasMore: Bool
    /// What each of the buyers asked for holds.
    package var held: [UserID: Int]

    package init(
        epoch: Int64, total: Int, available: Int, releases: [StockRelease], overdue: [StockRelease], hasMore: Bool,
        held: [UserID: Int]
    ) {
        self.epoch = epoch
        self.total = total
        self.available = available
        self.releases = releases
        self.overdue = overdue
        self.hasMore = hasMore
        self.held = held
    }
}

/// Orders that are pending although their hold is over.
package struct ExpiredHolds: Hashable, Sendable {
    package var count: Int
    /// How long the oldest is over its hold; zero when there is none.
    package var oldest: Duration

    package init(count: Int, oldest: Duration) {
        self.count = count
        self.oldest = oldest
    }
}

/// How an order that was charged stands in our books.
package struct ChargeStanding: Hashable, Sendable {
    /// The message that ends the order's charge, or gives it back.
    package enum Void: String, Hashable, Sendable { case none, waiting, dead }

    package let status: OrderStatus
    /// How long it has been so.
    package let age: Duration
    /// How long ago all of it was given back; nil when it was not.
    package let refundAge: Duration?
    package let void: Void

    package init(status: OrderStatus, age: Duration, refundAge: Duration?, void: Void) {
        self.status = status
        self.age = age
        self.refundAge = refundAge
        self.void = void
    }
}
