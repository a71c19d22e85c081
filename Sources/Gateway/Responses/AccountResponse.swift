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

/// A session in JSON, for the list of one's own.
struct OpenSessionResponse: Encodable {
    let id: String
    let userAgent: String?
    let createdAt: String
    let lastUsedAt: String
    let expiresAt: String
    /// Whether the request came with this session's cookie.
    let current: Bool

    init(_ session: OpenSession, isCurrent: Bool) {
        id = session.id.uuidString.lowercased()
        userAgent = session.client
        createdAt = Timestamp.text(session.startedAt)
        lastUsedAt = Timestamp.text(session.usedAt)
        expiresAt = Timestamp.text(session.expiresAt)
        current = isCurrent
    }
}

/// A new access token, what keeps the session going, and whose it is, in JSON.
struct SessionResponse: Encodable {
    let token: String
    let expiresAt: String
    /// nil when it travels in a cookie.
    let refreshToken: String?
    let refreshExpiresAt: String
    let user: AccountResponse

    init(_ session: Session, inCookie: Bool) {
        token = session.token.text
        expiresAt = Timestamp.text(session.token.expiresAt)
        refreshToken = inCookie ? nil : session.refreshToken.text
        refreshExpiresAt = Timestamp.text(session.refreshExpiresAt)
        user = AccountResponse(session.user)
    }
}
