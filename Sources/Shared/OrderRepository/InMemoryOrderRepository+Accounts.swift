package import Foundation
package import Ticketing

extension InMemoryOrderRepository: AccountRepository {
    struct Session {
        var user: UserID
        var client: String?
        var startedAt: Date
        var tokenHash: [UInt8]
        var previousHash: [UInt8]?
        var rotatedAt: Date
        var expiresAt: Date
        var isRevoked = false
    }

    struct PasswordReset {
        var tokenHash: [UInt8]
        var expiresAt: Date
    }

    // MARK: - Sessions

    package func openSession(
        _ family: UUID, of user: UserID, passwordHash: String, client: String?, tokenHash: [UInt8],
        lifetime: Duration, limit: Int
    ) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard state.accounts[user]?.passwordHash == passwordHash else { return false }
            let ended = state.sessions.filter { $0.value.user == user && $0.value.expiresAt <= now() }.map(\.key)
            for family in ended { state.sessions[family] = nil }
            let others = state.sessions.filter { $0.value.user == user }
                .sorted { $0.value.rotatedAt > $1.value.rotatedAt }
            for (family, _) in others.dropFirst(limit - 1) { state.sessions[family] = nil }
            state.sessions[family] = Session(
                user: user, client: client, startedAt: now(), tokenHash: tokenHash, rotatedAt: now(),
                expiresAt: now().addingTimeInterval(lifetime / .seconds(1)))
            return true
        }
    }

    package func rotateSession(
        _ family: UUID, from tokenHash: [UInt8], to successorHash: [UInt8], lifetime: Duration, grace: Duration
    ) async throws(RepositoryError) -> RotationOutcome {
        try access { state throws(RepositoryError) in
            guard var session = state.sessions[family], session.expiresAt > now(),
                let user = state.accounts[session.user]?.user
            else { return .unknown }
            if session.isRevoked { return .reused(user.id) }
            if session.tokenHash == tokenHash {
                session.previousHash = tokenHash
                session.tokenHash = successorHash
                session.rotatedAt = now()
                session.expiresAt = now().addingTimeInterval(lifetime / .seconds(1))
            } else if session.previousHash != tokenHash || session.tokenHash != successorHash
                || session.rotatedAt.addingTimeInterval(grace / .seconds(1)) <= now()
            {
                session.isRevoked = true
            }
            state.sessions[family] = session
            return session.isRevoked ? .reused(user.id) : .rotated(user, expiresAt: session.expiresAt)
        }
    }

    package func endSession(_ family: UUID, tokenHash: [UInt8], everywhere: Bool) async throws(RepositoryError) {
        try access { state throws(RepositoryError) in
            guard let session = state.sessions.removeValue(forKey: family) else { return }
            guard everywhere, !session.isRevoked, [session.tokenHash, session.previousHash].contains(tokenHash) else {
                return
            }
            state.endSessions(of: session.user)
        }
    }

    package func sessions(of user: UserID) async throws(RepositoryError) -> [OpenSession] {
        try access { state throws(RepositoryError) in
            state.sessions.filter { $0.value.user == user && !$0.value.isRevoked && $0.value.expiresAt > now() }
                .map { family, session in
                    OpenSession(
                        id: OpenSession.id(of: family), client: session.client, startedAt: session.startedAt,
                        usedAt: session.rotatedAt, expiresAt: session.expiresAt)
                }
                .sorted { $0.usedAt > $1.usedAt }
        }
    }

    package func endSession(_ id: OpenSession.ID, of user: UserID) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            let family = state.sessions.first { $0.value.user == user && OpenSession.id(of: $0.key) == id }?.key
            return family.flatMap { state.sessions.removeValue(forKey: $0) } != nil
        }
    }

    // MARK: - Passwords

    package func passwordHash(of user: UserID) async throws(RepositoryError) -> String? {
        try access { state throws(RepositoryError) in state.accounts[user]?.passwordHash }
    }

    package func replacePasswordHash(
        _ old: String, by new: String, of user: UserID
    ) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard state.accounts[user]?.passwordHash == old else { return false }
            state.accounts[user]?.passwordHash = new
            return true
        }
    }

    package func setPassword(
        _ new: String, insteadOf old: String, of user: UserID
    ) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard state.accounts[user]?.passwordHash == old else { return false }
            state.accounts[user]?.passwordHash = new
            state.endSessions(of: user)
            state.resets[user] = nil
            return true
        }
    }

    package func requestPasswordReset(
        email: String, token: String, tokenHash: [UInt8], lifetime: Duration
    ) async throws(RepositoryError) {
        try access { state throws(RepositoryError) in
            guard let account = Self.account(email, in: state), account.passwordHash != nil else { return }
            state.resets[account.user.id] = PasswordReset(
                tokenHash: tokenHash, expiresAt: now().addingTimeInterval(lifetime / .seconds(1)))
            state.resetMails.append((account.user.email, token))
        }
    }

    package func isPasswordResetOpen(tokenHash: [UInt8]) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in state.resets.contains { isGood($0.value, tokenHash) } }
    }

    package func resetPassword(tokenHash: [UInt8], passwordHash: String) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            guard let user = state.resets.first(where: { isGood($0.value, tokenHash) })?.key else { return false }
            state.resets[user] = nil
            state.accounts[user]?.passwordHash = passwordHash
            state.endSessions(of: user)
            return true
        }
    }

    private func isGood(_ reset: PasswordReset, _ tokenHash: [UInt8]) -> Bool {
        reset.tokenHash == tokenHash && reset.expiresAt > now()
    }

    // MARK: - Accounts

    package func users(
        containing text: String?, after cursor: PageCursor?, limit: Int
    ) async throws(RepositoryError) -> Page<User> {
        try access { state throws(RepositoryError) in
            let wanted = text?.lowercased()
            let sorted = state.accounts.values.map(\.user)
                .filter { user in
                    wanted.map { user.email.lowercased().contains($0) || user.name?.lowercased().contains($0) == true }
                        ?? true
                }
                .map { (PageCursor(date: $0.createdAt, id: $0.id.uuid), $0) }
                .sorted { Self.isBefore($1.0, $0.0) }
            return Self.page(
                sorted.filter { place, _ in cursor.map { Self.isBefore(place, $0) } ?? true }, limit: limit)
        }
    }

    package func changeUser(
        _ id: UserID, _ change: UserChange, by actor: UserID?
    ) async throws(RepositoryError) -> UserChangeOutcome {
        try access { state throws(RepositoryError) in
            guard let before = state.accounts[id]?.user else { return .unknown }
            let wanted = before.changed(by: change)
            if before.role == .admin, wanted.role != .admin, state.isLastAdmin(id) { return .lastAdmin }
            if let other = Self.account(wanted.email, in: state), other.user.id != id {
                throw RepositoryError(.duplicateEmail, "there is an account with this address")
            }
            state.accounts[id]?.user = wanted
            if before.email != wanted.email { state.resets[id] = nil }
            if before.role != wanted.role { state.changes.append(AccountChange(user: id, role: wanted.role)) }
            return .changed(wanted)
        }
    }

    package func deleteUser(_ id: UserID, by actor: UserID?) async throws(RepositoryError) -> UserDeletion {
        try access { state throws(RepositoryError) in
            guard let user = state.accounts[id]?.user else { return .unknown }
            if user.role == .admin, state.isLastAdmin(id) { return .lastAdmin }
            let orders = state.orders.values.filter { $0.user == id }
            guard !orders.contains(where: { [.pending, .paid].contains($0.status) }) else { return .ordersPending }
            state.accounts[id] = nil
            state.resets[id] = nil
            state.endSessions(of: id)
            state.changes.append(AccountChange(user: id, role: nil))
            return orders.isEmpty ? .removed : .anonymised
        }
    }

    package func personalData(of id: UserID) async throws(RepositoryError) -> String? {
        struct PersonalData: Encodable {
            let account: [String: String]
            let orders: [String]
        }
        return try access { state throws(RepositoryError) in
            guard let user = state.accounts[id]?.user else { return nil }
            let data = PersonalData(
                account: ["id": user.id.description, "email": user.email],
                orders: state.orders.values.filter { $0.user == id }.map(\.id.description))
            do { return String(decoding: try JSONEncoder().encode(data), as: UTF8.self) } catch {
                throw RepositoryError(.failed, "the personal data cannot be written as JSON", underlying: error)
            }
        }
    }

    package func admitProvided(_ id: UserID, email: EmailAddress?) async throws(RepositoryError) -> Bool {
        try access { state throws(RepositoryError) in
            if let account = state.accounts[id] { return account.passwordHash == nil }
            guard !state.changes.contains(AccountChange(user: id, role: nil)) else { return false }
            let address = email.flatMap { Self.account($0.text, in: state) == nil ? $0.text : nil }
            state.accounts[id] = Account(
                user: User(
                    id: id, email: address ?? User.placeholder(of: id), name: nil, role: .user, createdAt: now()),
                passwordHash: nil)
            return true
        }
    }

    package func accountChanges(within age: Duration) async throws(RepositoryError) -> [AccountChange] {
        try access { state throws(RepositoryError) in state.changes }
    }
}

extension InMemoryOrderRepository.State {
    mutating func endSessions(of user: UserID) {
        sessions = sessions.filter { $0.value.user != user }
    }

    func isLastAdmin(_ id: UserID) -> Bool {
        !accounts.values.contains { $0.user.role == .admin && $0.user.id != id && $0.passwordHash != nil }
    }
}
