import Foundation
import PostgresClient
import Ticketing

/// Begins a session, and clears away what the user has of ended ones and of more than so many.
///
/// It takes 0.2 s to compare a password. The account's row is locked, so that a password that is changed meanwhile is
/// seen here, and one that is changed later ends this session, too.
enum InsertSession {
    static func query(
        _ family: UUID, _ user: UserID, passwordHash: String, client: String?, _ tokenHash: [UInt8],
        lifetime: Duration, limit: Int
    ) -> PostgresQuery {
        """
        WITH account AS MATERIALIZED (
            SELECT id FROM users WHERE id = \(user) AND password_hash = \(passwordHash) FOR SHARE
        ), cleared AS (
            DELETE FROM refresh_tokens
            WHERE user_id IN (SELECT id FROM account) AND (expires_at <= now() OR family IN (
                SELECT family FROM refresh_tokens WHERE user_id = \(user)
                ORDER BY rotated_at DESC, family OFFSET \(limit - 1)))
        )
        INSERT INTO refresh_tokens (family, user_id, client, token_hash, expires_at)
        SELECT \(family)::uuid, id, \(client)::text, \(tokenHash)::bytea,
               now() + \(lifetime.milliseconds) * interval '1 millisecond'
        FROM account
        """
    }
}

/// Exchanges a token, or revokes the session when the token is neither its last nor, for a moment, the one before.
///
/// All of it is one UPDATE: who waits for the row's lock decides by the row as it is then, so of two that bring the
/// same token one rotates and the other finds that it was rotated a moment ago.
enum RotateSession {
    static func query(
        _ family: UUID, from token: [UInt8], to successor: [UInt8], lifetime: Duration, grace: Duration
    ) -> PostgresQuery {
        """
        UPDATE refresh_tokens t SET
            token_hash = CASE WHEN t.revoked_at IS NULL AND t.token_hash = \(token) THEN \(successor) ELSE t.token_hash END,
            previous_hash = CASE WHEN t.revoked_at IS NULL AND t.token_hash = \(token) THEN \(token)
                                 ELSE t.previous_hash END,
            rotated_at = CASE WHEN t.revoked_at IS NULL AND t.token_hash = \(token) THEN now() ELSE t.rotated_at END,
            expires_at = CASE WHEN t.revoked_at IS NULL AND t.token_hash = \(token)
                              THEN now() + \(lifetime.milliseconds) * interval '1 millisecond' ELSE t.expires_at END,
            revoked_at = CASE WHEN t.token_hash = \(token) THEN t.revoked_at
                              WHEN t.previous_hash = \(token) AND t.token_hash = \(successor)
                                   AND t.rotated_at > now() - \(grace.milliseconds) * interval '1 millisecond'
                              THEN t.revoked_at
                              ELSE coalesce(t.revoked_at, now()) END
        FROM users u
        WHERE t.family = \(family) AND t.expires_at > now() AND u.id = t.user_id AND u.deleted_at IS NULL
        RETURNING t.revoked_at IS NOT NULL, t.expires_at, u.id, u.email, u.name, u.role, u.created_at
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> RotationOutcome {
        let (isRevoked, expiresAt, id, email, name, role, createdAt) = try row.decode(
            Bool.self, Date.self, UserID.self, String.self, String?.self, Role.self, Date.self)
        guard !isRevoked else { return .reused(id) }
        return .rotated(User(id: id, email: email, name: name, role: role, createdAt: createdAt), expiresAt: expiresAt)
    }
}

/// Revoked ones are none any more: their row only waits for whoever has the other token.
enum SelectSessions {
    static func query(_ user: UserID) -> PostgresQuery {
        """
        SELECT md5(family::text)::uuid, client, created_at, rotated_at, expires_at FROM refresh_tokens
        WHERE user_id = \(user) AND expires_at > now() AND revoked_at IS NULL ORDER BY rotated_at DESC, family
        """
    }
}

extension OpenSession {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (id, client, startedAt, usedAt, expiresAt) = try row.decode(
            UUID.self, String?.self, Date.self, Date.self, Date.self)
        self.init(id: id, client: client, startedAt: startedAt, usedAt: usedAt, expiresAt: expiresAt)
    }
}

enum DeleteSession {
    static func query(_ family: UUID) -> PostgresQuery { "DELETE FROM refresh_tokens WHERE family = \(family)" }

    static func query(_ id: OpenSession.ID, of user: UserID) -> PostgresQuery {
        "DELETE FROM refresh_tokens WHERE user_id = \(user) AND md5(family::text)::uuid = \(id)"
    }
}

/// Ends all sessions of the user whose token it is.
enum DeleteSessionsOfHolder {
    static func query(_ family: UUID, _ tokenHash: [UInt8]) -> PostgresQuery {
        """
        DELETE FROM refresh_tokens
        WHERE user_id = (SELECT user_id FROM refresh_tokens
                         WHERE family = \(family) AND \(tokenHash) IN (token_hash, previous_hash)
                               AND revoked_at IS NULL AND expires_at > now())
        """
    }
}

enum DeleteSessionsOfUser {
    static func query(_ user: UserID) -> PostgresQuery { "DELETE FROM refresh_tokens WHERE user_id = \(user)" }
}
