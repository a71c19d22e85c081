package import Foundation
package import Ticketing

/// A mail that was not sent, as an operator sees it.
package struct MailRow: Hashable, Sendable {
    package let id: Int64
    package let kind: String
    package let user: UserID
    package let order: OrderID?
    package let attempts: Int
    package let createdAt: Date
    package let nextTry: Date
    /// What the last attempt failed with.
    package let failure: String?
    package let isDead: Bool
}
