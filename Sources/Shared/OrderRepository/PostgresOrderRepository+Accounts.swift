package import Foundation
import PostgresClient
package import Ticketing

extension PostgresOrderRepository: AccountRepository {
    package func openSession(
        _ family: UUID, of user: UserID, passwordHash: String, client: String?, tokenHash: [UInt8],
        lifetime: Duration, limit: Int
    ) async throws(RepositoryError) -> Bool {
        let query = InsertSession.query(
            family, user, passwordHash: passwordHash, client: client, tokenHash, lifetime: lifetime, limit: limit)
        return try await affected(query) == 1
    }

    package func rotateSession(
        _ family: UUID, from tokenHash: [UInt8], to successorHash: [UInt8], lifetime: Duration, grace: Duration
    ) async throws(RepositoryError) -> RotationOutcome {
        let query = RotateSession.query(family, from: tokenHash, to: successorHash, lifetime: lifetime, grace: grace)
        return try await first(query, RotateSession.decode) ?? .unknown
    }

    package func endSession(_ family: UUID, tokenHash: [UInt8], everywhere: Bool) async throws(RepositoryError) {
        if everywhere { _ = try await affected(DeleteSessionsOfHolder.query(family, tokenHash)) }
        _ = try await affected(DeleteSession.query(family))
    }

    package func sessions(of user: UserID) async throws(RepositoryError) -> [OpenSession] {
        do {
            return try await postgres.query(SelectSessions.query(user)).rows.map {
                row throws(PostgresError) in try OpenSession(row)
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func endSession(_ id: OpenSession.ID, of user: UserID) async throws(RepositoryError) -> Bool {
        try await affected(DeleteSession.query(id, of: user)) == 1
    }

    package func passwordHash(of user: UserID) async throws(RepositoryError) -> String? {
        try await first(SelectPasswordHash.query(user)) { row throws(PostgresError) in try row.decode(String.self) }
    }

    package func replacePasswordHash(
        _ old: String, by new: String, of user: UserID
    ) async throws(RepositoryError) -> Bool {
        try await affected(UpdatePasswordHash.query(old, by: new, user)) == 1
    }

    package func setPassword(
        _ new: String, insteadOf old: String, of user: UserID
    ) async throws(RepositoryError) -> Bool {
        do {
            return try await postgres.withTransaction { connection in
                guard try await connection.query(UpdatePasswordHash.query(old, by: new, user)).affected == 1 else {
                    return false
                }
                try await Self.endSessions(of: user, connection)
                return true
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func requestPasswordReset(
        email: String, token: String, tokenHash: [UInt8], lifetime: Duration
    ) async throws(RepositoryError) {
        _ = try await affected(
            InsertPasswordReset.query(email: email, token: token, tokenHash: tokenHash, lifetime: lifetime))
    }

    package func isPasswordResetOpen(tokenHash: [UInt8]) async throws(RepositoryError) -> Bool {
        try await affected(SelectPasswordReset.query(tokenHash)) == 1
    }

    package func resetPassword(tokenHash: [UInt8], passwordHash: String) async throws(RepositoryError) -> Bool {
        do {
            return try await postgres.withTransaction { connection in
                // Accounts are locked before what belongs to them, here as elsewhere.
                guard let row = try await connection.query(LockUser.ofReset(tokenHash)).rows.first else { return false }
                let user = try row.decode(UserID.self)
                guard try await connection.query(DeletePasswordReset.query(tokenHash)).affected == 1 else {
                    return false
                }
                try await connection.query(UpdatePasswordHash.query(passwordHash, user))
                try await Self.endSessions(of: user, connection)
                return true
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    /// Statements of their own, after the account was changed: they see a session that began before that.
    private static func endSessions(of user: UserID, _ connection: PostgresConnection) async throws {
        try await connection.query(DeleteSessionsOfUser.query(user))
        try await connection.query(DeletePasswordReset.query(of: user))
    }

    package func users(
        containing text: String?, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<User> {
        let query = SelectUsers.query(containing: text, after: cursor, limit: limit + 1)
        return page(try await all(query, User.init), limit: limit) { PageCursor(date: $0.createdAt, id: $0.id.uuid) }
    }

    package func changeUser(
        _ id: UserID, _ change: UserChange, by actor: UserID?
    ) async throws(RepositoryError) -> UserChangeOutcome {
        do {
            return try await postgres.withTransaction { connection in
                if change.role != nil { try await connection.query(LockAdministrators.query) }
                guard let row = try await connection.query(LockUser.forChange(id)).rows.first else { return .unknown }
                let before = try User(row)
                let wanted = before.changed(by: change)
                if before.role == .admin, wanted.role != .admin, try await isLastAdmin(id, connection) {
                    return .lastAdmin
                }
                guard before != wanted else { return .changed(before) }
                guard let after = try await connection.query(UpdateUser.query(wanted)).rows.first else {
                    return .unknown
                }
                if before.email != wanted.email {
                    // Who reads the old address must not set the password.
                    try await connection.query(DeletePasswordReset.query(of: id))
                    try await connection.query(DeleteMails.resets(of: id))
                }
                if let actor {
                    try await connection.query(
                        InsertUserAudit.query(actor: actor, action: .userChanged, before: before, after: wanted))
                }
                if before.role != wanted.role {
                    try await connection.query(InsertAccountChange.query(AccountChange(user: id, role: wanted.role)))
                }
                return .changed(try User(after))
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func deleteUser(_ id: UserID, by actor: UserID?) async throws(RepositoryError) -> UserDeletion {
        // Only administrators are removed one after another.
        let isAdmin = try await user(id)?.role == .admin
        do {
            return try await postgres.withTransaction { connection in
                if isAdmin { try await connection.query(LockAdministrators.query) }
                guard let row = try await connection.query(LockUser.forRemoval(id)).rows.first else { return .unknown }
                let before = try User(row)
                guard isAdmin || before.role != .admin else { throw RoleChanged() }
                if before.role == .admin, try await isLastAdmin(id, connection) { return .lastAdmin }
                // A statement of its own, after the lock: it sees the orders that were waited for.
                let orders = try await connection.query(SelectOrdersStanding.query(id)).rows.first
                let (isKept, hasPending) = try orders?.decode(Bool.self, Bool.self) ?? (false, false)
                guard !hasPending else { return .ordersPending }
                if let actor {
                    try await connection.query(
                        InsertUserAudit.query(actor: actor, action: .userDeleted, before: before, after: nil))
                }
                try await connection.query(RedactUserAudit.query(id))
                try await connection.query(DeleteMails.query(of: id))
                try await connection.query(InsertAccountChange.query(AccountChange(user: id, role: nil)))
                try await connection.query(isKept ? AnonymiseUser.query(id) : DeleteUser.query(id))
                return isKept ? .anonymised : .removed
            }
        } catch is RoleChanged {
            throw RepositoryError(.unavailable, "the account's role was changed at this instant")
        } catch {
            throw RepositoryError(error)
        }
    }

    package func personalData(of id: UserID) async throws(RepositoryError) -> String? {
        try await first(SelectPersonalData.query(id), SelectPersonalData.decode)
    }

    package func admitProvided(_ id: UserID, email: EmailAddress?) async throws(RepositoryError) -> Bool {
        if let isThere = try await isThere(id) { return isThere }
        for address in [email?.text, User.placeholder(of: id)].compactMap(\.self) {
            if try await affected(InsertProvidedUser.query(id, email: address)) == 1 { return true }
        }
        // Somebody else has made it at the same time.
        return try await isThere(id) ?? false
    }

    /// nil when there is no such account; false when it was deleted, or is one of ours, who sign in by a password.
    private func isThere(_ id: UserID) async throws(RepositoryError) -> Bool? {
        try await first(SelectUserStanding.query(id)) { row throws(PostgresError) in try row.decode(Bool.self) }
    }

    package func accountChanges(within age: Duration) async throws(RepositoryError) -> [AccountChange] {
        // Not from the replica, which may be late.
        do {
            return try await postgres.query(SelectAccountChanges.query(within: age)).rows.map {
                row throws(PostgresError) in try SelectAccountChanges.decode(row)
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    private func isLastAdmin(_ id: UserID, _ connection: PostgresConnection) async throws -> Bool {
        guard let row = try await connection.query(CountOtherAdmins.query(id)).rows.first else { return true }
        let others = try row.decode(Int64.self)
        return others == 0
    }
}

/// Somebody has made the account an administrator's at this instant.
private struct RoleChanged: Error {}

extension User {
    /// An address that names nobody: `.invalid` is no domain (RFC 2606 §2).
    static func placeholder(of id: UserID) -> String { "\(id)@provider.invalid" }

    /// The account as it is after a change.
    func changed(by change: UserChange) -> User {
        User(
            id: id, email: change.email?.text ?? email, name: change.name ?? name, role: change.role ?? role,
            createdAt: createdAt)
    }
}
