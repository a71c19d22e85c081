/// What the organiser has decided about a sale.
package enum SaleState: String, Hashable, Sendable, CaseIterable {
    /// Follows the event's window: open from `saleOpensAt` until `saleClosesAt`.
    case scheduled
    /// Opened by hand: open now, until `saleClosesAt`.
    case open
    /// Stopped for a while; buyers are told to wait.
    case paused
    /// Over.
    case closed
}
