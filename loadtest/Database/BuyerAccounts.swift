import Foundation
import Logging
import PostgresClient
import Security
import Ticketing

/// Makes buyers: accounts straight into Postgres and tokens from the service's own issuer. Registering each over HTTP
/// would cost a password hash per buyer, which is the most expensive thing the service does, and is no part of a sale.
struct BuyerAccounts: Sendable {
    /// Rows in one statement: about 100 bytes each, so a statement stays near 1 MB.
    private static let batch = 10_000
    /// Longer than any run.
    private static let tokenLifetime = Duration.seconds(4 * 3600)
    /// No password hash has this form, so nobody can log in to these accounts.
    private static let unusablePassword = "!"

    let database: PostgresClient
    let issuer: TokenIssuer

    /// With a password, everybody can log in with it. All share its one hash: hashing is what a log-in costs, and
    /// making accounts is no part of the load.
    func make(_ count: Int, password: String? = nil) async throws -> [Buyer] {
        var hash = Self.unusablePassword
        if let password { hash = try await PasswordHasher().hash(password) }
        let users = (0..<count).map { _ in UserID() }
        async let tokens = Self.tokens(for: users, issuer: issuer)
        for start in stride(from: 0, to: count, by: Self.batch) {
            let ids = users[start..<min(start + Self.batch, count)].map(\.uuid)
            let emails = ids.map { "buyer-\($0.text)@load.example" }
            _ = try await database.query(
                """
                INSERT INTO users (id, email, password_hash, name)
                SELECT id, email, \(hash), 'Load Buyer'
                FROM unnest(\(ids), \(emails)) AS buyer (id, email)
                """)
        }
        return zip(users, try await tokens).map { Buyer(id: $0, token: $1) }
    }

    private static func tokens(for users: [UserID], issuer: TokenIssuer) async throws -> [String] {
        try users.map {
            try issuer.issue(for: Identity(userID: $0, role: .user), lifetime: tokenLifetime).text
        }
    }
}
