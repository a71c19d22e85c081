package import Foundation
package import Ticketing

/// One event on sale, as Postgres has it.
package struct Event: Hashable, Sendable {
    package var id: EventID
    package var details: EventDetails
    package var availableTickets: Int
    package var imageURL: String?
    package var createdAt: Date
    package var updatedAt: Date
    /// When it was cancelled, which is for good.
    package var cancelledAt: Date?

    package init(
        id: EventID, details: EventDetails, availableTickets: Int, imageURL: String?, createdAt: Date, updatedAt: Date
    ) {
        self.id = id
        self.details = details
        self.availableTickets = availableTickets
        self.imageURL = imageURL
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// Which events a list has.
package struct EventFilter: Hashable, Sendable {
    /// Words that title, venue or description have, all of them; the last one may be the beginning of a word. Case,
    /// accents and punctuation do not count.
    package var words: String?
    /// The first moment, and the first one after the range.
    package var from: Date?
    package var to: Date?

    package init(words: String? = nil, from: Date? = nil, to: Date? = nil) {
        self.words = words
        self.from = from
        self.to = to
    }

    package static let all = EventFilter()
}

/// What an organiser decides about an event.
package struct EventDetails: Hashable, Sendable {
    package var title: String
    package var description: String
    package var venue: String
    package var eventDate: Date
    package var ticketPrice: Money
    package var totalTickets: Int
    package var limitPerBuyer: Int
    package var saleOpensAt: Date?
    package var saleClosesAt: Date?
    package var saleState: SaleState

    package init(
        title: String, description: String, venue: String, eventDate: Date, ticketPrice: Money, totalTickets: Int,
        limitPerBuyer: Int, saleOpensAt: Date?, saleClosesAt: Date?, saleState: SaleState
    ) {
        self.title = title
        self.description = description
        self.venue = venue
        self.eventDate = eventDate
        self.ticketPrice = ticketPrice
        self.totalTickets = totalTickets
        self.limitPerBuyer = limitPerBuyer
        self.saleOpensAt = saleOpensAt
        self.saleClosesAt = saleClosesAt
        self.saleState = saleState
    }

    /// Every rule the details break; empty when they are good.
    package func validate() -> [FieldError] {
        var errors: [FieldError] = []
        // As Postgres counts characters: by code points.
        if !Limits.title.contains(title.unicodeScalars.count) {
            errors.append(FieldError("title", "must have 1 to 200 characters"))
        }
        if !Limits.title.contains(venue.unicodeScalars.count) {
            errors.append(FieldError("venue", "must have 1 to 200 characters"))
        }
        if !Limits.description.contains(description.unicodeScalars.count) {
            errors.append(FieldError("description", "must have at most 10,000 characters"))
        }
        if ticketPrice.times(Limits.quantity.upperBound) == nil {
            errors.append(
                FieldError("ticketPrice", "must be at most 99,999,999.99, so that the largest order's total fits"))
        }
        // Postgres has no such character in its texts.
        for (field, text) in [("title", title), ("venue", venue), ("description", description)]
        where text.utf8.contains(0) {
            errors.append(FieldError(field, "must not have the character U+0000"))
        }
        if !Limits.capacity.contains(totalTickets) {
            errors.append(FieldError("totalTickets", "must be 0 to 1,000,000,000"))
        }
        if !Limits.limitPerBuyer.contains(limitPerBuyer) {
            errors.append(FieldError("limitPerBuyer", "must be 1 to 1,000,000"))
        }
        if let opens = saleOpensAt, let closes = saleClosesAt, opens >= closes {
            errors.append(FieldError("saleClosesAt", "must be after saleOpensAt"))
        }
        return errors
    }
}
