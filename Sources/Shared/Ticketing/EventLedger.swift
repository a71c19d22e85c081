/// Where an event's tickets are, by Postgres.
package struct EventLedger: Hashable, Sendable {
    package var capacity: Int
    package var available: Int
    /// Units of orders that are pending or paid, confirmed, and cancelled or refunded.
    package var pending: Int
    package var sold: Int
    package var cancelled: Int
    /// Units that came free here and wait to be returned to Redis.
    package var returning: Int

    package init(capacity: Int, available: Int, pending: Int, sold: Int, cancelled: Int, returning: Int = 0) {
        self.capacity = capacity
        self.available = available
        self.pending = pending
        self.sold = sold
        self.cancelled = cancelled
        self.returning = returning
    }

    /// Each unit is in exactly one place.
    package var isBalanced: Bool { available + pending + sold == capacity }
}
