import Ticketing

/// What is known of the event before its sale opens.
struct SaleFacts: Sendable {
    var event: EventID?
    var capacity: Int
    var limitPerBuyer: Int
    var earlierOrders: Set<OrderID> = []
    var earlierUnits = 0
}
