import PostgresClient
import Ticketing

enum SelectPasswordHash {
    static func query(_ user: UserID) -> PostgresQuery {
        "SELECT password_hash FROM users WHERE id = \(user) AND password_hash IS NOT NULL"
    }
}

enum UpdatePasswordHash {
    /// Unless another was set in the meantime.
    static func query(_ old: String, by new: String, _ user: UserID) -> PostgresQuery {
        "UPDATE users SET password_hash = \(new), updated_at = now() WHERE id = \(user) AND password_hash = \(old)"
    }

    static func query(_ new: String, _ user: UserID) -> PostgresQuery {
        "UPDATE users SET password_hash = \(new), updated_at = now() WHERE id = \(user)"
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

/// Uses a mailed token up: of two that use it, one finds it.
enum DeletePasswordReset {
    static func query(_ tokenHash: [UInt8]) -> PostgresQuery {
        "DELETE FROM password_resets WHERE token_hash = \(tokenHash) AND expires_at > now()"
    }

    static func query(of user: UserID) -> PostgresQuery { "DELETE FROM password_resets WHERE user_id = \(user)" }
}
