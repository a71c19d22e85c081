import Foundation
import OrderRepository
import Ticketing

/// The body of `POST` and `PATCH /api/events`: what it has is set, what it has not stays.
struct EventDraft: Decodable, Sendable {
    private enum CodingKeys: String, CodingKey {
        case title, description, venue, eventDate, ticketPrice, totalTickets, limitPerBuyer
        case saleOpensAt, saleClosesAt, saleState
    }

    private struct Price: Decodable {
        let amount: Int64
        let currency: String
    }

    /// A field that may be absent, null or a value.
    private enum Change<Value: Sendable>: Sendable {
        case none
        case set(Value?)
    }

    private let title: String?
    private let description: String?
    private let venue: String?
    private let eventDate: Date?
    private let ticketPrice: Money?
    let totalTickets: Int?
    private let limitPerBuyer: Int?
    private let saleOpensAt: Change<Date>
    private let saleClosesAt: Change<Date>
    private let saleState: SaleState?
    private let errors: [FieldError]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        var errors: [FieldError] = []
        func text(_ key: CodingKeys) throws -> String? { try container.decodeIfPresent(String.self, forKey: key) }
        func date(_ key: CodingKeys) throws -> Date? {
            guard let text = try text(key) else { return nil }
            let date = Timestamp.parse(text)
            if date == nil { errors.append(FieldError(key.rawValue, "must be an RFC 3339 time")) }
            return date
        }
        func number(_ key: CodingKeys) throws -> Int? {
            do { return try container.decodeIfPresent(Int.self, forKey: key) } catch  where !(error is DecodingError) {
                // A number that is no `Int`: JSONDecoder has an error of its own for that, which names no field.
                errors.append(FieldError(key.rawValue, "must be a whole number"))
                return nil
            }
        }
        title = try text(.title)
        description = try text(.description)
        venue = try text(.venue)
        eventDate = try date(.eventDate)
        totalTickets = try number(.totalTickets)
        limitPerBuyer = try number(.limitPerBuyer)
        saleOpensAt = container.contains(.saleOpensAt) ? .set(try date(.saleOpensAt)) : .none
        saleClosesAt = container.contains(.saleClosesAt) ? .set(try date(.saleClosesAt)) : .none
        func price() throws -> Price? {
            do {
                return try container.decodeIfPresent(Price.self, forKey: .ticketPrice)
            } catch  where !(error is DecodingError) {
                errors.append(FieldError("ticketPrice.amount", "must be a whole number of minor units"))
                return nil
            }
        }
        if let price = try price() {
            let currency = Currency(rawValue: price.currency)
            ticketPrice = currency.flatMap { Money(amount: price.amount, currency: $0) }
            if currency == nil {
                let known = Currency.allCases.map(\.rawValue).joined(separator: ", ")
                errors.append(FieldError("ticketPrice.currency", "must be one of \(known)"))
            } else if ticketPrice == nil {
                errors.append(FieldError("ticketPrice.amount", "must be 0 to \(Money.maximum)"))
            }
        } else {
            ticketPrice = nil
        }
        if let state = try text(.saleState) {
            saleState = SaleState(rawValue: state)
            if saleState == nil {
                let known = SaleState.allCases.map(\.rawValue).joined(separator: ", ")
                errors.append(FieldError("saleState", "must be one of \(known)"))
            }
        } else {
            saleState = nil
        }
        self.errors = errors
    }

    /// How many tickets one buyer may have when an event does not say.
    private static let standardLimitPerBuyer = 10

    /// The details of a new event.
    func details() throws(Problem) -> EventDetails {
        var errors = errors
        func require(_ isThere: Bool, _ field: CodingKeys) {
            if !isThere, !errors.contains(where: { $0.field.hasPrefix(field.rawValue) }) {
                errors.append(FieldError(field.rawValue, "is missing"))
            }
        }
        require(title != nil, .title)
        require(venue != nil, .venue)
        require(eventDate != nil, .eventDate)
        require(ticketPrice != nil, .ticketPrice)
        require(totalTickets != nil, .totalTickets)
        guard errors.isEmpty, let title, let venue, let eventDate, let ticketPrice, let totalTickets else {
            throw Problem.validation(errors)
        }
        var details = EventDetails(
            title: title, description: "", venue: venue, eventDate: eventDate, ticketPrice: ticketPrice,
            totalTickets: totalTickets, limitPerBuyer: Self.standardLimitPerBuyer, saleOpensAt: nil, saleClosesAt: nil,
            saleState: .scheduled)
        try check(changing: &details)
        return details
    }

    /// Changes the details, or leaves them alone and says what would be wrong.
    func check(changing details: inout EventDetails) throws(Problem) {
        guard errors.isEmpty else { throw Problem.validation(errors) }
        var changed = details
        changed.title = title ?? changed.title
        changed.description = description ?? changed.description
        changed.venue = venue ?? changed.venue
        changed.eventDate = eventDate ?? changed.eventDate
        changed.ticketPrice = ticketPrice ?? changed.ticketPrice
        changed.totalTickets = totalTickets ?? changed.totalTickets
        changed.limitPerBuyer = limitPerBuyer ?? changed.limitPerBuyer
        changed.saleState = saleState ?? changed.saleState
        if case .set(let date) = saleOpensAt { changed.saleOpensAt = date }
        if case .set(let date) = saleClosesAt { changed.saleClosesAt = date }
        let broken = changed.validate()
        guard broken.isEmpty else { throw Problem.validation(broken) }
        details = changed
    }
}
