import Crypto
package import Foundation
package import Ticketing

/// What the gateway asks of Postgres about people: their sessions, passwords and accounts.
///
/// Live: `PostgresOrderRepository`. In memory: `InMemoryOrderRepository`.
package protocol AccountRepository: Sendable {
    // Sessions.
    /// Begins a session of the user, unless the password has changed since it was compared with `passwordHash` or the
    /// account is gone; returns whether it did. Ended ones of the same user go, and the oldest beyond `limit`.
    ///
    /// - Parameter client: What the program calls itself that the user signs in with (`User-Agent`).
    func openSession(
        _ family: UUID, of user: UserID, passwordHash: String, client: String?, tokenHash: [UInt8],
        lifetime: Duration, limit: Int
    ) async throws(RepositoryError) -> Bool
    /// Exchanges a session's token for its successor, in one conditional statement: of all who try, one rotates. Within
    /// `grace` after that the token before is answered the same; at any other time an old token revokes the session.
    func rotateSession(
        _ family: UUID, from tokenHash: [UInt8], to successorHash: [UInt8], lifetime: Duration, grace: Duration
    ) async throws(RepositoryError) -> RotationOutcome
    /// Ends a session; with `everywhere` all sessions of its user, when the token is the session's last or last but
    /// one.
    func endSession(_ family: UUID, tokenHash: [UInt8], everywhere: Bool) async throws(RepositoryError)
    /// The user's sessions, the one that was used last first.
    func sessions(of user: UserID) async throws(RepositoryError) -> [OpenSession]
    /// Ends a session of the user's. Returns false when there is none of this id.
    func endSession(_ id: OpenSession.ID, of user: UserID) async throws(RepositoryError) -> Bool

    // Passwords.
    /// The user's password hash; nil when there is no such account, or none with a password.
    func passwordHash(of user: UserID) async throws(RepositoryError) -> String?
    /// Keeps another hash of the same password; false when it is not kept under `old` any more.
    func replacePasswordHash(_ old: String, by new: String, of user: UserID) async throws(RepositoryError) -> Bool
    /// Sets a new password if the old one is still `old`, ends all sessions and voids a mailed token.
    func setPassword(_ new: String, insteadOf old: String, of user: UserID) async throws(RepositoryError) -> Bool
    /// Has a one-time token mailed to the account of an e-mail address, in place of an earlier one; does nothing for an
    /// address without an account or a password.
    func requestPasswordReset(
        email: String, token: String, tokenHash: [UInt8], lifetime: Duration
    ) async throws(RepositoryError)
    /// Whether a mailed token is good now.
    func isPasswordResetOpen(tokenHash: [UInt8]) async throws(RepositoryError) -> Bool
    /// Uses a mailed token up: sets the password and ends all sessions. Returns false when the token is not good (any
    /// more).
    func resetPassword(tokenHash: [UInt8], passwordHash: String) async throws(RepositoryError) -> Bool

    // Accounts.
    /// A page of accounts, newest first, after `cursor`; those whose e-mail address or name contains `text`, in any
    /// case.
    func users(
        containing text: String?, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<User>
    /// - Parameter actor: The administrator whose action it is, for the audit log; nil for the account's own owner.
    /// - Throws: `.duplicateEmail`
    func changeUser(
        _ id: UserID, _ change: UserChange, by actor: UserID?
    ) async throws(RepositoryError) -> UserChangeOutcome
    /// Removes an account; one with orders or tickets is anonymised instead: personal data goes, these and money stay.
    func deleteUser(_ id: UserID, by actor: UserID?) async throws(RepositoryError) -> UserDeletion
    /// Everything that is kept about a person, as a JSON object; nil when there is no such account.
    func personalData(of id: UserID) async throws(RepositoryError) -> String?
    /// Makes the account of somebody of an outside identity provider unless it is there. Its e-mail address names
    /// nobody when none is given or the one given has another account. Returns false when the account was deleted, or
    /// is one of ours whose id the provider's happens to be.
    func admitProvided(_ id: UserID, email: EmailAddress?) async throws(RepositoryError) -> Bool
    /// Accounts whose role was changed or that were deleted within the last `age`.
    func accountChanges(within age: Duration) async throws(RepositoryError) -> [AccountChange]
}

/// A session as its user may see it.
package struct OpenSession: Identifiable, Hashable, Sendable {
    /// A digest of the session's family, which is as secret as its tokens.
    package var id: UUID
    package var client: String?
    package var startedAt: Date
    /// When its last refresh token was given.
    package var usedAt: Date
    package var expiresAt: Date

    package init(id: UUID, client: String?, startedAt: Date, usedAt: Date, expiresAt: Date) {
        self.id = id
        self.client = client
        self.startedAt = startedAt
        self.usedAt = usedAt
        self.expiresAt = expiresAt
    }

    package static func id(of family: UUID) -> UUID {
        let digest = Array(Insecure.MD5.hash(data: Array(family.uuidString.lowercased().utf8)))
        return digest.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}

package enum RotationOutcome: Hashable, Sendable {
    case rotated(User, expiresAt: Date)
    /// An old token was used, now or earlier; the session is revoked.
    case reused(UserID)
    /// There is no such session: it was ended, has expired, or never was.
    case unknown
}

/// What is to be changed of an account; nil leaves a thing as it is.
package struct UserChange: Hashable, Sendable {
    /// `.some(nil)` removes the name.
    package var name: String??
    package var email: EmailAddress?
    package var role: Role?

    package init(name: String?? = nil, email: EmailAddress? = nil, role: Role? = nil) {
        self.name = name
        self.email = email
        self.role = role
    }
}

package enum UserChangeOutcome: Hashable, Sendable {
    case changed(User)
    /// Nothing was changed: nobody would be an administrator any more.
    case lastAdmin
    case unknown
}

package enum UserDeletion: Hashable, Sendable {
    case removed
    /// Had orders, or tickets of others' orders, which stay.
    case anonymised
    /// Nothing was done: an order of the account waits for its payment.
    case ordersPending
    /// Nothing was done: nobody would be an administrator any more.
    case lastAdmin
    case unknown
}

package struct AccountChange: Hashable, Sendable {
    package var user: UserID
    /// nil when the account is gone.
    package var role: Role?

    package init(user: UserID, role: Role?) {
        self.user = user
        self.role = role
    }
}
