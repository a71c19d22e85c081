package import Foundation
package import Ticketing

/// One account, without its password.
package struct User: Hashable, Sendable {
    package var id: UserID
    package var email: String
    package var name: String?
    package var role: Role
    package var createdAt: Date

    package init(id: UserID, email: String, name: String?, role: Role, createdAt: Date) {
        self.id = id
        self.email = email
        self.name = name
        self.role = role
        self.createdAt = createdAt
    }
}
