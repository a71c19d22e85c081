/// An accepted purchase that waits to be committed.
package struct Intent: Hashable, Sendable {
    package let order: OrderID
    package let user: UserID
    package let event: EventID
    package let quantity: Int
    package let total: Money
    package let paymentMethod: PaymentMethod
    /// The span that accepted it, as a W3C `traceparent`; nil when its trace is not recorded, as most are not.
    package var trace: String?

    package init(
        order: OrderID, user: UserID, event: EventID, quantity: Int, total: Money, paymentMethod: PaymentMethod,
        trace: String? = nil
    ) {
        self.order = order
        self.user = user
        self.event = event
        self.quantity = quantity
        self.total = total
        self.paymentMethod = paymentMethod
        self.trace = trace
    }
}

/// The id of a stream entry, `milliseconds-number`.
package struct StreamEntryID: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package init(_ text: String) { self.text = text }
    package var description: String { text }

    /// When Redis took the entry in, milliseconds since 1970.
    package var milliseconds: Int64? { Int64(text.prefix { $0 != "-" }) }
}
