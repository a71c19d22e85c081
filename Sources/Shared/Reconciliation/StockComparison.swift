package import InventoryStore
package import OrderRepository
package import Ticketing

/// An event's stock in Redis beside the one in Postgres, from three readings: Redis, Postgres, and Redis again.
///
/// Each unit that is gone from Redis is, at any instant, in exactly one of four places:
///
///     total − available (Redis) = total − available (Postgres)
///                                 + units of entries on the stream that are not committed
///                                 + units of orders in the outbox whose release has not reached Redis
///                                 + units that Redis took again for overdue orders which Postgres has not confirmed
///
/// (`total` by each side's own count: an organiser's change moves `total` and `available` together.) The same holds for
/// each buyer's units. Redis is read in one step, Postgres in one statement, but one after the other while a sale runs.
/// What may happen in between, and why it does not disturb the balance:
///
/// - A purchase takes units and appends its entry in one step: the second reading has both or neither.
/// - A settlement or a cancellation moves units to the outbox in one transaction: the reading of Postgres has both or
///   neither, and their sum is the same.
/// - Units are taken again for an overdue order in Redis first: an order that Postgres shows as overdue has them taken in
///   the second reading, or has not.
/// - A release, a rejection or a load gives units back: each raises `returns` or the epoch, and the readings of Redis
///   differ. As long as they do not, an order that the second one shows as released was so before Postgres was read.
/// - A commit moves units from the stream to Postgres. Its entries were given to a lane before it and are acknowledged
///   after it: with none unacknowledged in either reading, and the last one given the same, no commit lies between.
///
/// So a difference is one, or the comparison says why it cannot tell. One case is left in which it errs: entries that are
/// committed and yet on the stream as new, as after Redis was set back to an older state. They count on both sides until
/// the lane has taken them off, wherefore a difference must be seen twice (`DriftWatch`), and wherefore what is done
/// about it, a load, is right whether the difference is real or not.
package struct StockComparison: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case compared(StockComparison)
        /// Redis has an older load than Postgres has begun.
        case outdated
        case unloaded
        case unreadable
        case hindered(Hindrance)
    }

    /// Why nothing can be said now.
    package enum Hindrance: String, Hashable, Sendable, CaseIterable {
        case newerLoad = "newer_load"
        case filling, unacknowledged, moved, crowded, outbox

        package var explanation: String {
            switch self {
            case .filling: "a load is under way"
            case .newerLoad: "Redis has a load that Postgres does not know of"
            case .unacknowledged: "a batch is under way, or waits for its lane to come back"
            case .moved: "units moved between the readings"
            case .crowded: "more than \(StockInquiry.mostEntries) entries are on the stream"
            case .outbox: "more than \(StockInquiry.mostOrders) releases are in the outbox, or orders overdue"
            }
        }
    }

    package let redis: StockState
    package let postgres: EventBooks
    /// Units in the outbox that have not come back to Redis.
    package let returning: Int
    /// Units that Redis has more than it must have; negative when it lacks some.
    package let surplus: Int
    /// By how much each buyer's count is too high, or too low when negative; those that are right are left out.
    package let buyers: [UserID: Int]

    package var isBalanced: Bool { surplus == 0 && buyers.isEmpty }

    package static func of(_ before: StockReading, _ books: EventBooks, _ after: StockReading) -> Outcome {
        switch (before, after) {
        case (.absent, .absent): .unloaded
        case (.unreadable, .unreadable): .unreadable
        case (.crowded, _), (_, .crowded): .hindered(.crowded)
        case (.filling, _), (_, .filling): .hindered(.filling)
        case (.stock(let before), .stock(let after)): of(before, books, after)
        default: .hindered(.moved)
        }
    }

    private static func of(_ before: StockState, _ books: EventBooks, _ after: StockState) -> Outcome {
        guard before.epoch == after.epoch else { return .hindered(.moved) }
        guard books.epoch <= after.epoch else { return .outdated }
        guard books.epoch == after.epoch else { return .hindered(.newerLoad) }
        guard !books.hasMore else { return .hindered(.outbox) }
        guard before.unacknowledged == 0 && after.unacknowledged == 0 else { return .hindered(.unacknowledged) }
        guard before.returns == after.returns && before.delivered == after.delivered else { return .hindered(.moved) }
        return .compared(StockComparison(books, after))
    }

    private init(_ books: EventBooks, _ stock: StockState) {
        var returning = 0
        var ofBuyers: [UserID: Int] = [:]
        for release in books.releases where !stock.released.contains(release.order) {
            returning += release.quantity
            ofBuyers[release.user, default: 0] += release.quantity
        }
        var retaken = 0
        for order in books.overdue where stock.retaken.contains(order.order) {
            retaken += order.quantity
            ofBuyers[order.user, default: 0] += order.quantity
        }
        let taken = books.total - books.available + stock.inFlight + returning + retaken
        var buyers: [UserID: Int] = [:]
        for (user, held) in stock.held {
            let expected = (books.held[user] ?? 0) + (stock.inFlightOfBuyers[user] ?? 0) + (ofBuyers[user] ?? 0)
            if held != expected { buyers[user] = held - expected }
        }
        self.redis = stock
        self.postgres = books
        self.returning = returning
        self.surplus = stock.available - (stock.total - taken)
        self.buyers = buyers
    }
}
