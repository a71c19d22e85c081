/// What an account may do.
package enum Role: String, Sendable, Codable, CaseIterable {
    /// Buys tickets and sees its own orders.
    case user
    /// Manages events, users, orders and refunds.
    case admin
}
