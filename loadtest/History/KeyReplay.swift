import Ticketing

/// What the service said when a key was sent again after the load.
struct KeyReplay: Equatable, Sendable {
    let order: OrderID
    /// The order that the same key and body gave; nil when they gave none.
    let sameOrder: OrderID?
    /// The answer in words, for a violation.
    let said: String
    /// Status and code of the answer to the same key with another body.
    let otherBodyStatus: Int
    let otherBodyCode: String?

    init(order: OrderID, sameBody: PurchaseAnswer, otherBodyStatus: Int, otherBodyCode: String?) {
        var again: OrderID?
        if case .accepted(let id, _, _) = sameBody { again = id }
        self.init(
            order: order, sameOrder: again, said: "\(sameBody)", otherBodyStatus: otherBodyStatus,
            otherBodyCode: otherBodyCode)
    }

    init(order: OrderID, sameOrder: OrderID?, said: String, otherBodyStatus: Int, otherBodyCode: String?) {
        self.order = order
        self.sameOrder = sameOrder
        self.said = said
        self.otherBodyStatus = otherBodyStatus
        self.otherBodyCode = otherBodyCode
    }
}
