import Foundation
import PostgresClient
import Ticketing

/// Columns of `events` that make `SaleTerms`; times as milliseconds since 1970.
private let terms = """
    revision, total_tickets, limit_per_buyer, (extract(epoch FROM sale_opens_at) * 1000)::bigint, \
    (extract(epoch FROM sale_closes_at) * 1000)::bigint, sale_state, (ticket_price * 100)::bigint, currency
    """

enum SelectSaleVersions {
    static func query(_ partition: Partition, changedSince date: Date?) -> PostgresQuery {
        """
        SELECT id, stock_epoch, updated_at, cancelled_at IS NOT NULL, \(unescaped: terms) FROM events
        WHERE partition = \(Int16(partition.number)) AND updated_at >= \(date ?? .distantPast)
        ORDER BY updated_at, id
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> SaleVersion {
        let (
            id, epoch, updatedAt, isCancelled, revision, total, limit, opens, closes, state, price, currency
        ) = try row.decode(
            EventID.self, Int64.self, Date.self, Bool.self, Int64.self, Int32.self, Int32.self, Int64?.self,
            Int64?.self, SaleState.self, Int64.self, Currency.self)
        return SaleVersion(
            event: id, epoch: epoch,
            terms: SaleTerms(
                revision: revision, total: Int(total), limit: Int(limit), opens: opens, closes: closes, state: state,
                price: try Money(minorUnits: price, currency: currency)), updatedAt: updatedAt,
            isCancelled: isCancelled)
    }
}

/// Raises the epoch of an event's stock and reads what is in it. It locks the event's row, so a settlement that
/// returns units is either before it, with its release visible to `AbsorbReleases`, or after it.
enum RaiseStockEpoch {
    static func query(_ event: EventID, _ lease: Lease) -> PostgresQuery {
        """
        UPDATE events SET stock_epoch = stock_epoch + 1
        WHERE id = \(event) AND EXISTS (
            SELECT FROM worker_leases WHERE partition = \(Int16(lease.partition.number)) AND epoch = \(lease.epoch)
            FOR SHARE)
        RETURNING stock_epoch, available_tickets, \(unescaped: terms)
        """
    }

    static func decode(
        _ row: PostgresRow
    ) throws(PostgresError) -> (epoch: Int64, available: Int, terms: SaleTerms) {
        let (epoch, available, revision, total, limit, opens, closes, state, price, currency) = try row.decode(
            Int64.self, Int32.self, Int64.self, Int32.self, Int32.self, Int64?.self, Int64?.self, SaleState.self,
            Int64.self, Currency.self)
        let terms = SaleTerms(
            revision: revision, total: Int(total), limit: Int(limit), opens: opens, closes: closes, state: state,
            price: try Money(minorUnits: price, currency: currency))
        return (epoch, Int(available), terms)
    }
}

/// The releases that wait are part of the figure just read, so they must not be added to it again.
enum AbsorbReleases {
    static func query(_ event: EventID) -> PostgresQuery {
        "UPDATE outbox SET delivered_at = now() WHERE event_id = \(event) AND delivered_at IS NULL AND kind = 'release'"
    }
}

/// What each buyer of an event holds; buyers who hold nothing any more are in it with zero.
enum SelectBuyers {
    static func query(_ event: EventID) -> PostgresQuery {
        """
        SELECT user_id, coalesce(
            sum(quantity) FILTER (WHERE status IN ('pending', 'paid', 'confirmed') AND NOT hold_ended), 0)
        FROM ticket_orders WHERE event_id = \(event) GROUP BY user_id
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (user: UserID, units: Int) {
        let (user, units) = try row.decode(UserID.self, Int64.self)
        return (user, Int(units))
    }
}
