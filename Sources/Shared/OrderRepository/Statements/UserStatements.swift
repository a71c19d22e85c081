import Foundation
import PostgresClient
import Ticketing

/// Columns of `users` that make a `User`.
private let columns = "id, email, name, role, created_at"

extension User {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (id, email, name, role, createdAt) = try row.decode(
            UserID.self, String.self, String?.self, Role.self, Date.self)
        self.init(id: id, email: email, name: name, role: role, createdAt: createdAt)
    }
}

enum InsertUser {
    static func query(email: EmailAddress, passwordHash: String, name: String?, role: Role) -> PostgresQuery {
        """
        INSERT INTO users (id, email, password_hash, name, role)
        VALUES (\(UserID()), \(email.text), \(passwordHash), \(name), \(role))
        RETURNING \(unescaped: columns)
        """
    }
}

enum SelectUser {
    static func query(_ id: UserID) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM users WHERE id = \(id) AND deleted_at IS NULL"
    }
}

/// Makes an account without a password; nothing when its id or its address has one.
enum InsertProvidedUser {
    static func query(_ id: UserID, email: String) -> PostgresQuery {
        "INSERT INTO users (id, email) VALUES (\(id), \(email)) ON CONFLICT DO NOTHING"
    }
}

/// Whether an account is there and an outside provider's.
enum SelectUserStanding {
    static func query(_ id: UserID) -> PostgresQuery {
        "SELECT deleted_at IS NULL AND password_hash IS NULL FROM users WHERE id = \(id)"
    }
}

enum SelectCredentials {
    static func query(email: String) -> PostgresQuery {
        """
        SELECT \(unescaped: columns), password_hash FROM users
        WHERE lower(email) = lower(\(email)) AND password_hash IS NOT NULL
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (user: User, passwordHash: String) {
        let (id, email, name, role, createdAt, hash) = try row.decode(
            UserID.self, String.self, String?.self, Role.self, Date.self, String.self)
        return (User(id: id, email: email, name: name, role: role, createdAt: createdAt), hash)
    }
}

/// Sets a role by hand, without asking whether an administrator is left.
enum UpdateRole {
    static func query(_ role: Role, email: String) -> PostgresQuery {
        """
        WITH account AS (
            UPDATE users SET role = \(role), updated_at = now()
            WHERE lower(email) = lower(\(email)) AND deleted_at IS NULL
            RETURNING \(unescaped: columns)
        ), change AS (
            INSERT INTO account_changes (user_id, role) SELECT id, role FROM account
            ON CONFLICT (user_id) DO UPDATE SET role = EXCLUDED.role, changed_at = now()
        ), noted AS (
            INSERT INTO audit_log (action, subject, after)
            SELECT '\(unescaped: AuditAction.userChanged.rawValue)', id::text, jsonb_build_object('role', role) FROM account
        )
        SELECT \(unescaped: columns) FROM account
        """
    }
}

/// A page of accounts, newest first. A search reads what the page needs in that order, at worst all: administrators
/// search, and a million accounts are read in a second.
enum SelectUsers {
    static func query(containing text: String?, after cursor: PageCursor?, limit: Int) -> PostgresQuery {
        """
        SELECT \(unescaped: columns) FROM users
        WHERE deleted_at IS NULL
              AND (created_at, id) < (coalesce(\(cursor?.date)::timestamptz, 'infinity'),
                                      coalesce(\(cursor?.id)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
              AND (\(text)::text IS NULL OR strpos(lower(email), lower(\(text)::text)) > 0
                   OR strpos(lower(name), lower(\(text)::text)) > 0)
        ORDER BY created_at DESC, id DESC LIMIT \(limit)
        """
    }
}

/// Waits for others that may take an administrator away, until the end of the transaction: each of them counts those
/// that are left, and two that count at once would both find the other's.
enum LockAdministrators {
    /// "admins" in ASCII.
    static let key: Int64 = 0x6164_6d69_6e73

    static var query: PostgresQuery { "SELECT pg_advisory_xact_lock(\(key))" }
}

/// Other administrators than this one. Accounts of an outside provider do not count: what they may is not decided here.
enum CountOtherAdmins {
    static func query(_ id: UserID) -> PostgresQuery {
        """
        SELECT count(*) FROM users
        WHERE role = 'admin' AND deleted_at IS NULL AND password_hash IS NOT NULL AND id <> \(id)
        """
    }
}

enum LockUser {
    /// Lets orders of the user be written meanwhile.
    static func forChange(_ id: UserID) -> PostgresQuery {
        """
        SELECT \(unescaped: columns) FROM users WHERE id = \(id) AND deleted_at IS NULL FOR NO KEY UPDATE
        """
    }

    /// Of the account that a mailed token is for.
    static func ofReset(_ tokenHash: [UInt8]) -> PostgresQuery {
        """
        SELECT u.id FROM users u
        WHERE u.id = (SELECT user_id FROM password_resets WHERE token_hash = \(tokenHash) AND expires_at > now())
              AND u.deleted_at IS NULL
        FOR NO KEY UPDATE
        """
    }

    /// Waits for orders of the user that are being written, and lets none be written until the transaction ends: a row
    /// that goes would take them along (ON DELETE CASCADE).
    static func forRemoval(_ id: UserID) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM users WHERE id = \(id) AND deleted_at IS NULL FOR UPDATE"
    }
}

enum UpdateUser {
    static func query(_ user: User) -> PostgresQuery {
        """
        UPDATE users SET email = \(user.email), name = \(user.name), role = \(user.role), updated_at = now()
        WHERE id = \(user.id) RETURNING \(unescaped: columns)
        """
    }
}

/// Whether the user has orders or was handed tickets, and whether an order waits for its payment.
enum SelectOrdersStanding {
    static func query(_ user: UserID) -> PostgresQuery {
        """
        SELECT count(*) > 0 OR EXISTS (SELECT FROM ticket_transfers WHERE to_id = \(user)),
               count(*) FILTER (WHERE status IN ('pending', 'paid')) > 0
        FROM ticket_orders WHERE user_id = \(user)
        """
    }
}

enum DeleteUser {
    static func query(_ id: UserID) -> PostgresQuery { "DELETE FROM users WHERE id = \(id)" }
}

/// Takes the person out of an account. Its id stays, for orders and tickets. The address names nobody: `.invalid` is no
/// domain (RFC 2606 §2).
enum AnonymiseUser {
    static func query(_ id: UserID) -> PostgresQuery {
        """
        WITH sessions AS (DELETE FROM refresh_tokens WHERE user_id = \(id)),
             resets AS (DELETE FROM password_resets WHERE user_id = \(id))
        UPDATE users SET email = id || '@deleted.invalid', name = NULL, password_hash = NULL, role = 'user',
                         deleted_at = now(), updated_at = now()
        WHERE id = \(id)
        """
    }
}

/// Takes the person out of what was noted about changes of the account; that they were made stays.
enum RedactUserAudit {
    static func query(_ id: UserID) -> PostgresQuery {
        """
        UPDATE audit_log SET before = before - '{email,name}'::text[], after = after - '{email,name}'::text[]
        WHERE subject = \(id.description) AND action LIKE 'user.%'
        """
    }
}

/// Notes what an administrator did to an account. `after` is null when it was deleted.
enum InsertUserAudit {
    static func query(actor: UserID, action: AuditAction, before: User, after: User?) -> PostgresQuery {
        """
        INSERT INTO audit_log (actor_id, action, subject, before, after)
        VALUES (\(actor), \(action.rawValue), \(before.id.description),
                jsonb_build_object('email', \(before.email)::text, 'name', \(before.name)::text,
                                   'role', \(before.role.rawValue)::text),
                CASE WHEN \(after != nil) THEN
                    jsonb_build_object('email', \(after?.email)::text, 'name', \(after?.name)::text,
                                       'role', \(after?.role.rawValue)::text) END)
        """
    }
}

/// Notes that access tokens of an account say too much from now on. What no token can be as old as goes.
enum InsertAccountChange {
    static func query(_ change: AccountChange) -> PostgresQuery {
        """
        WITH forgotten AS (
            DELETE FROM account_changes WHERE changed_at < now() - interval '2 days' AND user_id <> \(change.user)
        )
        INSERT INTO account_changes (user_id, role) VALUES (\(change.user), \(change.role))
        ON CONFLICT (user_id) DO UPDATE SET role = EXCLUDED.role, changed_at = now()
        """
    }
}

enum SelectAccountChanges {
    static func query(within age: Duration) -> PostgresQuery {
        """
        SELECT user_id, role FROM account_changes
        WHERE changed_at > now() - \(age.milliseconds) * interval '1 millisecond'
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> AccountChange {
        let (user, role) = try row.decode(UserID.self, Role?.self)
        return AccountChange(user: user, role: role)
    }
}

enum SelectUsersByID {
    static func query(_ ids: [UserID]) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM users WHERE id = ANY (\(ids))"
    }
}
