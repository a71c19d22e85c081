import PostgresClient
import Ticketing

enum SelectPasswordHash {
    static func query(_ user: UserID) -> PostgresQuery {
        "SELECT password_hash FROM users WHERE id = \(user) AND password_hash IS NOT NULL"
    }
}

enum UpdatePasswordHash {
    static func query(_ old: String, by new: String, _ user: UserID) -> PostgresQuery {
        "UPDATE users SET password_hash = \(new) WHERE id = \(user) AND password_hash = \(old)"
    }
}

/// Sets a password unless another was set in the meantime. Sessions and a mailed token end with the old one.
enum UpdatePassword {
    static func query(_ new: String, insteadOf old: String, _ user: UserID) -> PostgresQuery {
        """
        WITH account AS (
            UPDATE users SET password_hash = \(new), updated_at = now()
            WHERE id = \(user) AND password_hash = \(old) RETURNING id
        ), sessions AS (
            DELETE FROM refresh_tokens WHERE user_id IN (SELECT id FROM account)
        ), resets AS (
            DELETE FROM password_resets WHERE user_id IN (SELECT id FROM account)
        )
        SELECT id FROM account
        """
    }
}

/// Keeps a token's hash and has the token mailed, in one statement; an address without a password gets neither.
enum InsertPasswordReset {
    static func query(email: String, token: String, tokenHash: [UInt8], lifetime: Duration) -> PostgresQuery {
        """
        WITH reset AS (
            INSERT INTO password_resets (user_id, token_hash, expires_at)
            SELECT id, \(tokenHash), now() + \(lifetime.milliseconds) * interval '1 millisecond'
            FROM users WHERE lower(email) = lower(\(email)) AND password_hash IS NOT NULL
            ON CONFLICT (user_id) DO UPDATE SET token_hash = EXCLUDED.token_hash, expires_at = EXCLUDED.expires_at
            RETURNING user_id
        )
        INSERT INTO mails (kind, user_id, parameters)
        SELECT 'password_reset', user_id, jsonb_build_object('token', \(token)::text) FROM reset
        """
    }
}

enum SelectPasswordReset {
    static func query(_ tokenHash: [UInt8]) -> PostgresQuery {
        "SELECT user_id FROM password_resets WHERE token_hash = \(tokenHash) AND expires_at > now()"
    }
}

/// Sets a password by a mailed token, which goes with it: of two that use it, one finds it.
enum UsePasswordReset {
    static func query(_ tokenHash: [UInt8], passwordHash: String) -> PostgresQuery {
        """
        WITH used AS (
            DELETE FROM password_resets WHERE token_hash = \(tokenHash) AND expires_at > now() RETURNING user_id
        ), sessions AS (
            DELETE FROM refresh_tokens WHERE user_id IN (SELECT user_id FROM used)
        )
        UPDATE users SET password_hash = \(passwordHash), updated_at = now()
        WHERE id IN (SELECT user_id FROM used) AND deleted_at IS NULL
        """
    }
}
