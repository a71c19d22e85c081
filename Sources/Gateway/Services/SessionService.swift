import Foundation
import Logging
import Observability
import OrderRepository
import Security
import Ticketing

/// What somebody gets who is signed in.
struct Session: Sendable {
    let token: AccessToken
    let refreshToken: RefreshToken
    let refreshExpiresAt: Date
    let user: User
}

/// Begins sessions, keeps them going and ends them.
struct SessionService<Repository: AccountRepository>: Sendable {
    let repository: Repository
    let issuer: TokenIssuer
    let key: RefreshKey
    let configuration: SessionConfiguration
    let logger: Logger

    static var invalid: Problem {
        Problem(.refreshTokenInvalid, "The session has ended. Sign in again.")
    }
    static var reused: Problem {
        Problem(
            .refreshTokenReused,
            "A refresh token of this session was used a second time, so the session was ended. Sign in again.")
    }

    /// - Parameter client: The request's `User-Agent`.
    /// - Throws: 401 when the password was changed, or the account deleted, since it was compared.
    func open(for account: VerifiedAccount, client: String?) async throws -> Session {
        let user = account.user
        let refresh = RefreshToken()
        let isOpen = try await repository.openSession(
            refresh.family, of: user.id, passwordHash: account.passwordHash, client: client.flatMap(Self.clientName),
            tokenHash: refresh.hash, lifetime: configuration.lifetime, limit: configuration.sessionsPerUser)
        guard isOpen else { throw Problem(.invalidCredentials, "The password was changed a moment ago.") }
        return Session(
            token: try token(for: user), refreshToken: refresh,
            refreshExpiresAt: Date(timeIntervalSinceNow: configuration.lifetime / .seconds(1)), user: user)
    }

    /// Exchanges a refresh token for its successor and a new access token, with the role that the account has now.
    func refresh(_ text: String) async throws -> Session {
        guard let old = RefreshToken(text) else { throw Self.invalid }
        let new = old.successor(key)
        let outcome = try await repository.rotateSession(
            old.family, from: old.hash, to: new.hash, lifetime: configuration.lifetime, grace: configuration.grace)
        switch outcome {
        case .rotated(let user, let expiresAt):
            return Session(
                token: try token(for: user), refreshToken: new, refreshExpiresAt: expiresAt, user: user)
        case .reused(let user):
            logger.notice("session.token_reused", metadata: [LogKey.userID: "\(user)"])
            throw Self.reused
        case .unknown: throw Self.invalid
        }
    }

    /// Does nothing for a token of no session.
    func end(_ text: String, everywhere: Bool) async throws {
        guard let token = RefreshToken(text) else { return }
        try await repository.endSession(token.family, tokenHash: token.hash, everywhere: everywhere)
    }

    /// - Parameter current: The refresh token that the request came with.
    func sessions(of user: UserID, current: String?) async throws -> ListResponse<OpenSessionResponse> {
        let current = current.flatMap { RefreshToken($0) }.map { OpenSession.id(of: $0.family) }
        return ListResponse(
            items: try await repository.sessions(of: user).map {
                OpenSessionResponse($0, isCurrent: $0.id == current)
            }, nextCursor: nil)
    }

    func end(_ id: OpenSession.ID, of user: UserID) async throws {
        guard try await repository.endSession(id, of: user) else {
            throw Problem(.sessionNotFound, "You have no such session.")
        }
    }

    /// As much of a program's name as is kept, without control characters.
    private static func clientName(_ text: String) -> String? {
        let name = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 }.prefix(200)))
        return name.isEmpty ? nil : name
    }

    private func token(for user: User) throws(RepositoryError) -> AccessToken {
        do { return try issuer.issue(for: Identity(userID: user.id, role: user.role)) } catch {
            throw RepositoryError(.failed, "no access token could be made", underlying: error)
        }
    }
}
