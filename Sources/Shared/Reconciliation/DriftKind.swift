/// What Redis or the provider may have otherwise than Postgres: a closed set, the label of metrics.
package enum DriftKind: String, Hashable, Sendable, CaseIterable {
    /// Units that Redis would sell although there are none: their orders would be accepted and cancelled.
    case surplus
    /// Units that are for sale and that Redis has not.
    case missing
    /// Buyers whose count of units is wrong.
    case buyers
    /// Stock that is older than the last load that was begun: returns for the later one wait for it.
    case outdated
    /// Stock that is not there and that no lane is loading.
    case unloaded
    /// Stock with a number that is none: nobody can buy.
    case unreadable
    /// Events whose units in Postgres do not make their capacity. Nothing else can say which figure is right.
    case books
    /// Order records that are not final although the order is.
    case records
    /// Orders that are pending although their hold is over.
    case expiredHolds = "expired_holds"
    /// Charges that were captured for an order which has no tickets, and not given back.
    case charges
}
