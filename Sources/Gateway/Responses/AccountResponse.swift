import Foundation
import OrderRepository
import Security
import Ticketing

/// An account in JSON.
struct AccountResponse: Encodable {
    let id: String
    let email: String
    let name: String?
    let role: String
    let createdAt: String

    init(_ user: User) {
        id = user.id.description
        email = user.email
        name = user.name
        role = user.role.rawValue
        createdAt = Timestamp.text(user.createdAt)
    }
}

/// A new access token and whose it is, in JSON.
struct SessionResponse: Encodable {
    let token: String
    let expiresAt: String
    let user: AccountResponse

    init(token: AccessToken, user: User) {
        self.token = token.text
        self.expiresAt = Timestamp.text(token.expiresAt)
        self.user = AccountResponse(user)
    }
}
