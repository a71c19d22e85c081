import Foundation
import PostgresClient
import Ticketing

/// Columns of `events` that make an `Event`; the price as minor units.
private let columns = """
    id, title, description, venue, event_date, (ticket_price * 100)::bigint, currency, total_tickets, \
    available_tickets, limit_per_buyer, sale_opens_at, sale_closes_at, sale_state, image_url, created_at, updated_at, \
    cancelled_at
    """

extension Event {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (
            id, title, description, venue, date, price, currency, total, available, limit, opens, closes, state, image,
            createdAt, updatedAt, cancelledAt
        ) = try row.decode(
            EventID.self, String.self, String.self, String.self, Date.self, Int64.self, Currency.self, Int32.self,
            Int32.self, Int32.self, Date?.self, Date?.self, SaleState.self, String?.self, Date.self, Date.self,
            Date?.self)
        self.init(
            id: id,
            details: EventDetails(
                title: title, description: description, venue: venue, eventDate: date,
                ticketPrice: try Money(minorUnits: price, currency: currency), totalTickets: Int(total),
                limitPerBuyer: Int(limit), saleOpensAt: opens, saleClosesAt: closes, saleState: state),
            availableTickets: Int(available), imageURL: image, createdAt: createdAt, updatedAt: updatedAt)
        self.cancelledAt = cancelledAt
    }
}

enum InsertEvent {
    static func query(_ id: EventID, _ partition: Partition, _ event: EventDetails) -> PostgresQuery {
        """
        INSERT INTO events (id, partition, title, description, venue, event_date, ticket_price, currency, \
        total_tickets, available_tickets, limit_per_buyer, sale_opens_at, sale_closes_at, sale_state)
        VALUES (\(id), \(Int16(partition.number)), \(event.title), \(event.description), \(event.venue), \
        \(event.eventDate), \(event.ticketPrice.amount)::bigint * 0.01, \(event.ticketPrice.currency), \
        \(Int32(event.totalTickets)), \(Int32(event.totalTickets)), \(Int32(event.limitPerBuyer)), \
        \(event.saleOpensAt), \(event.saleClosesAt), \(event.saleState))
        RETURNING \(unescaped: columns)
        """
    }
}

enum SelectEvent {
    static func query(_ id: EventID) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM events WHERE id = \(id)"
    }

    static func locked(_ id: EventID) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM events WHERE id = \(id) FOR NO KEY UPDATE"
    }
}

enum SelectEvents {
    /// What `search_words` leaves of a text that has no letter or digit is nothing, and finds nothing. The events that
    /// are found come first, as a list of their own: otherwise the planner may go through all events in order of their
    /// date and take each one's texts apart.
    static func query(matching filter: EventFilter, after cursor: PageCursor?, limit: Int) -> PostgresQuery {
        var query = PostgresQuery.Interpolation(literalCapacity: 900, interpolationCount: 6)
        if let words = filter.words {
            query.appendLiteral("WITH found AS MATERIALIZED (SELECT id AS found_id FROM events WHERE ")
            query.appendLiteral("to_tsvector('simple', search_words(title || ' ' || venue || ' ' || description)) @@ ")
            query.appendLiteral("to_tsquery('simple', replace(nullif(search_words(")
            query.appendInterpolation(words)
            query.appendLiteral("), ''), ' ', ' & ') || ':*')) ")
        }
        query.appendLiteral("SELECT \(columns) FROM events ")
        if filter.words != nil { query.appendLiteral("JOIN found ON found_id = id ") }
        query.appendLiteral("WHERE true")
        if let cursor {
            query.appendLiteral(" AND (event_date, id) > (")
            query.appendInterpolation(cursor.date)
            query.appendLiteral(", ")
            query.appendInterpolation(cursor.id)
            query.appendLiteral(")")
        }
        if let from = filter.from {
            query.appendLiteral(" AND event_date >= ")
            query.appendInterpolation(from)
        }
        if let to = filter.to {
            query.appendLiteral(" AND event_date < ")
            query.appendInterpolation(to)
        }
        query.appendLiteral(" ORDER BY event_date, id LIMIT ")
        query.appendInterpolation(limit)
        return PostgresQuery(stringInterpolation: query)
    }
}

/// Writes what an organiser changed. Capacity moves the stock by the difference; the CHECK on the row refuses a total
/// below what is sold or on hold.
enum UpdateEvent {
    static func query(_ id: EventID, _ event: EventDetails) -> PostgresQuery {
        """
        UPDATE events SET title = \(event.title), description = \(event.description), venue = \(event.venue), \
        event_date = \(event.eventDate), ticket_price = \(event.ticketPrice.amount)::bigint * 0.01, \
        currency = \(event.ticketPrice.currency), \
        available_tickets = available_tickets + (\(Int32(event.totalTickets)) - total_tickets), \
        total_tickets = \(Int32(event.totalTickets)), limit_per_buyer = \(Int32(event.limitPerBuyer)), \
        sale_opens_at = \(event.saleOpensAt), sale_closes_at = \(event.saleClosesAt), \
        sale_state = \(event.saleState), revision = revision + 1, updated_at = now()
        WHERE id = \(id)
        RETURNING \(unescaped: columns)
        """
    }
}

/// Shows an event's image from now on, and gives the address of the one before. Not a change that a lane has to know
/// of, so the revision stays.
enum UpdateEventImage {
    static func query(_ id: EventID, url: String) -> PostgresQuery {
        "UPDATE events SET image_url = \(url), updated_at = now() WHERE id = \(id) RETURNING \(unescaped: columns)"
    }
}

/// Where an event's units are, by status of their orders.
enum SelectLedger {
    static func query(_ id: EventID) -> PostgresQuery {
        """
        SELECT e.total_tickets, e.available_tickets,
               coalesce(sum(o.quantity) FILTER (WHERE o.status IN ('pending', 'paid') AND NOT o.hold_ended), 0),
               coalesce(sum(o.quantity) FILTER (WHERE o.status = 'confirmed'), 0),
               coalesce(sum(o.quantity) FILTER (WHERE o.status IN ('cancelled', 'refunded')), 0),
               (SELECT coalesce(sum(quantity), 0) FROM outbox
                WHERE partition = e.partition AND event_id = e.id AND delivered_at IS NULL AND kind = 'release')
        FROM events e LEFT JOIN ticket_orders o ON o.event_id = e.id
        WHERE e.id = \(id) GROUP BY e.id
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> EventLedger {
        let (capacity, available, pending, sold, cancelled, returning) = try row.decode(
            Int32.self, Int32.self, Int64.self, Int64.self, Int64.self, Int64.self)
        return EventLedger(
            capacity: Int(capacity), available: Int(available), pending: Int(pending), sold: Int(sold),
            cancelled: Int(cancelled), returning: Int(returning))
    }
}
