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
        "SELECT \(unescaped: columns) FROM users WHERE id = \(id)"
    }
}

enum SelectCredentials {
    static func query(email: String) -> PostgresQuery {
        "SELECT \(unescaped: columns), password_hash FROM users WHERE lower(email) = lower(\(email))"
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (user: User, passwordHash: String) {
        let (id, email, name, role, createdAt, hash) = try row.decode(
            UserID.self, String.self, String?.self, Role.self, Date.self, String.self)
        return (User(id: id, email: email, name: name, role: role, createdAt: createdAt), hash)
    }
}

enum UpdateRole {
    static func query(_ role: Role, email: String) -> PostgresQuery {
        """
        UPDATE users SET role = \(role), updated_at = now() WHERE lower(email) = lower(\(email))
        RETURNING \(unescaped: columns)
        """
    }
}

enum SelectUsers {
    static func query(_ ids: [UserID]) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM users WHERE id = ANY (\(ids))"
    }
}
