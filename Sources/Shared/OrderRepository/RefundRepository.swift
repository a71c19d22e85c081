package import Ticketing

/// Refunds and cancelled events, as the gateway asks for them. What follows at the payment provider is the worker's.
package protocol RefundRepository: Sendable {
    /// Takes the tickets away and asks for their refund, in one transaction; the order ends when none is left.
    func requestRefund(_ request: RefundRequest) async throws(RepositoryError) -> RefundDecision

    /// Cancels an event for good: its sale is closed, and the worker ends its orders. One that is cancelled already
    /// stays as it is. nil when there is no such event.
    func cancelEvent(_ id: EventID, reason: String?, by actor: UserID) async throws(RepositoryError) -> Event?

    /// Removes an event that nobody has ordered tickets of and that is not on sale.
    func deleteEvent(_ id: EventID, by actor: UserID) async throws(RepositoryError) -> EventDeletion

    /// Takes note of a provider's event, once, and has what waits for the provider on behalf of its order tried now.
    /// Returns it with its order, which may be known by the charge alone; nil when the event was known.
    func record(_ event: ProviderEvent) async throws(RepositoryError) -> ProviderEvent?
}

package enum EventDeletion: String, Hashable, Sendable {
    case deleted
    /// It has orders: cancel it instead.
    case hasOrders
    /// Buyers may be about to order: close its sale first, and wait some seconds.
    case onSale
    case unknown
}

/// Something that a payment provider has told of by itself: a hint, since it may come late, twice, or never.
package struct ProviderEvent: Hashable, Sendable {
    /// The provider's name for it, the same in each repetition.
    package let id: String
    package let kind: String
    package var order: OrderID?
    /// The provider's name for what it is about.
    package let object: String?
    /// The reference of the charge that this belongs to, where it says so.
    package let charge: String?
    /// Whether it tells of a captured charge: should the order be cancelled and nothing end its charge, then the
    /// provider is asked.
    package let isCapture: Bool
    /// Whether it tells of a refund that has failed, maybe after it was made: the provider is asked how the order's
    /// stand.
    package let isFailedRefund: Bool

    package init(
        id: String, kind: String, order: OrderID?, object: String?, charge: String? = nil, isCapture: Bool = false,
        isFailedRefund: Bool = false
    ) {
        self.id = id
        self.kind = kind
        self.order = order
        self.object = object
        self.charge = charge
        self.isCapture = isCapture
        self.isFailedRefund = isFailedRefund
    }
}

/// What the worker does to the orders of cancelled events, a page at a time. Each step is one transaction and can be
/// done by several workers at once: no order is in two pages.
package protocol CancelledEventRepository: Sendable {
    /// Every event that was cancelled, the last ones first, at most `limit`.
    func cancelledEvents(limit: Int) async throws(RepositoryError) -> [EventID]

    /// Ends pending orders after `order` (nil: from the first): units back, and the charge to be ended. Those whose
    /// hold has ended are left to the provider's word, which is all that they wait for.
    func cancelPendingOrders(
        of event: EventID, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> EndedPage

    /// Takes the tickets of confirmed orders after `order` (nil: from the first) away and asks for the refund of what
    /// was not given back.
    func refundConfirmedOrders(
        of event: EventID, after order: OrderID?, limit: Int
    ) async throws(RepositoryError) -> EndedPage
}

/// Orders of a cancelled event that were ended together.
package struct EndedPage: Hashable, Sendable {
    package var count: Int
    /// Where to go on; nil when there were none.
    package var last: OrderID?

    package init(count: Int, last: OrderID?) {
        self.count = count
        self.last = last
    }
}
