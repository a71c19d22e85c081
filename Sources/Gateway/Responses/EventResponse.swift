import Foundation
import OrderRepository
import Ticketing

/// An event in JSON.
struct EventResponse: Encodable {
    let id: String
    let title: String
    let description: String
    let venue: String
    let eventDate: String
    let ticketPrice: MoneyResponse
    let totalTickets: Int
    let availableTickets: Int
    let limitPerBuyer: Int
    let saleOpensAt: String?
    let saleClosesAt: String?
    let saleState: String
    let imageUrl: String?
    let createdAt: String
    let updatedAt: String
    let cancelledAt: String?

    init(_ event: Event) {
        id = event.id.description
        title = event.details.title
        description = event.details.description
        venue = event.details.venue
        eventDate = Timestamp.text(event.details.eventDate)
        ticketPrice = MoneyResponse(event.details.ticketPrice)
        totalTickets = event.details.totalTickets
        availableTickets = event.availableTickets
        limitPerBuyer = event.details.limitPerBuyer
        saleOpensAt = event.details.saleOpensAt.map(Timestamp.text)
        saleClosesAt = event.details.saleClosesAt.map(Timestamp.text)
        saleState = event.details.saleState.rawValue
        imageUrl = event.imageURL
        createdAt = Timestamp.text(event.createdAt)
        updatedAt = Timestamp.text(event.updatedAt)
        cancelledAt = event.cancelledAt.map(Timestamp.text)
    }
}

/// An amount of money in JSON, in minor units.
struct MoneyResponse: Encodable {
    let amount: Int64
    let currency: String

    init(_ money: Money) {
        amount = money.amount
        currency = money.currency.rawValue
    }
}

/// One page of a list in JSON.
struct ListResponse<Item: Encodable>: Encodable {
    let items: [Item]
    let nextCursor: String?
}
