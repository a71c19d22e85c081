import Crypto
import RateLimiting
import Security
import Ticketing

/// Keeps passwords and addresses from being guessed and forms from being flooded, on all gateways together.
///
/// A log-in takes a token before the password is looked at and gives it back unless the password was wrong, so many who
/// try at once have no more tries than one after another.
struct SignInLimiter: Sendable {
    let limiter: any RateLimiter
    let limits: RequestLimits

    /// A bucket and its limit.
    private struct Bucket {
        let name: String
        let limit: RateLimit
    }

    /// - Parameter email: As it was sent, of an account or not.
    /// - Throws: What `attempt` throws; 429 without calling it.
    func logIn<Value: Sendable>(
        email: String, from address: ClientAddress?, _ attempt: () async throws -> Value
    ) async throws -> Value {
        try await limited(
            [
                bucket("login:address", address, limits.loginAddress),
                bucket("login:account", Self.digest(email), limits.loginAccount),
            ], attempt)
    }

    /// The same for a password that is asked for again of somebody who is signed in.
    func confirm<Value: Sendable>(_ user: UserID, _ attempt: () async throws -> Value) async throws -> Value {
        try await limited([bucket("confirm:account", user.description, limits.loginAccount)], attempt)
    }

    func register(from address: ClientAddress?) async throws {
        try await take(bucket("register:address", address, limits.registerAddress))
    }

    /// - Parameter email: nil for one who tries a token.
    func reset(email: String?, from address: ClientAddress?) async throws {
        try await take(bucket("reset:address", address, limits.resetAddress))
        if let email { try await take(bucket("reset:account", Self.digest(email), limits.resetAccount)) }
    }

    /// Whatever token somebody goes on with or signs out by, made up or not, is looked up in Postgres.
    func session(from address: ClientAddress?) async throws {
        try await take(bucket("session:address", address, limits.refreshAddress))
    }

    /// Everything about one person is a dozen look-ups at once.
    func export(of user: UserID) async throws {
        try await take(bucket("export:user", user.description, limits.exportUser))
    }

    /// Whether an address has an account shows in whether a ticket can be handed to it.
    func transfer(by user: UserID) async throws {
        try await take(bucket("transfer:user", user.description, limits.transferUser))
    }

    private func limited<Value: Sendable>(
        _ buckets: [Bucket?], _ attempt: () async throws -> Value
    ) async throws -> Value {
        for bucket in buckets { try await take(bucket) }
        do {
            let value = try await attempt()
            await giveBack(buckets)
            return value
        } catch let problem as Problem where problem.code == .invalidCredentials {
            throw problem
        } catch {
            await giveBack(buckets)
            throw error
        }
    }

    private func take(_ bucket: Bucket?) async throws {
        guard let bucket, let wait = await limiter.take(from: bucket.name, bucket.limit) else { return }
        throw Problem.rateLimited(wait)
    }

    private func giveBack(_ buckets: [Bucket?]) async {
        for case let bucket? in buckets { await limiter.giveBack(to: bucket.name, bucket.limit) }
    }

    private func bucket(_ name: String, _ address: ClientAddress?, _ limit: RateLimit?) -> Bucket? {
        bucket(name, address?.network.key ?? "unknown", limit)
    }

    private func bucket(_ name: String, _ key: String, _ limit: RateLimit?) -> Bucket? {
        limit.map { Bucket(name: "\(name):\(key)", limit: $0) }
    }

    /// An e-mail address without the address: what stands in Redis names nobody.
    private static func digest(_ email: String) -> String {
        SHA256.hash(data: Array(email.lowercased().utf8)).prefix(16).map { String($0, radix: 16) }.joined(
            separator: "-")
    }
}

extension Problem {
    /// Asked more often than one may.
    static func rateLimited(_ wait: Duration) -> Problem {
        Problem(
            .rateLimited, "Too many requests of this kind. Try again later.",
            retryAfter: max(1, Int((wait / .seconds(1)).rounded(.up))))
    }
}
