import OrderRepository
import Security
import Ticketing

/// Changes passwords: by the old one, or by a token that was mailed.
struct PasswordService<Repository: OrderRepository & AccountRepository>: Sendable {
    let repository: Repository
    let hasher: PasswordHasher
    let limiter: SignInLimiter
    let configuration: SessionConfiguration

    static var wrongPassword: Problem { Problem(.invalidCredentials, "The current password is wrong.") }
    static var resetTokenInvalid: Problem {
        Problem(.resetTokenInvalid, "The token is not good, or not any more. Ask for another mail.")
    }

    /// All sessions of the account end.
    func change(from current: String?, to new: String?, of id: UserID) async throws -> VerifiedAccount {
        var fields = AccountFields()
        let current = fields.required(current, "currentPassword")
        let new = fields.password(new, field: "newPassword")
        try fields.check()
        guard let current, let new else { throw Problem.validation(fields.errors) }
        let old = try await verify(current, of: id)
        let hash = try await hasher.hash(new)
        guard try await repository.setPassword(hash, insteadOf: old, of: id),
            let user = try await repository.user(id)
        else { throw Self.wrongPassword }
        return VerifiedAccount(user: user, passwordHash: hash)
    }

    /// - Throws: Unless the password is the account's.
    /// - Returns: The hash that it was compared with.
    @discardableResult
    func verify(_ password: String, of id: UserID) async throws -> String {
        try await limiter.confirm(id) {
            guard password.unicodeScalars.count <= Limits.password.upperBound,
                let hash = try await repository.passwordHash(of: id), try await hasher.verify(password, against: hash)
            else { throw Self.wrongPassword }
            return hash
        }
    }

    /// Has a token mailed, if there is an account; takes the same time either way.
    func requestReset(email: String?, from client: ClientAddress?) async throws {
        let answerTime = ContinuousClock.now.advanced(by: configuration.resetAnswerTime)
        var fields = AccountFields()
        let address = fields.email(email)
        try fields.check()
        guard let address else { throw Problem.validation(fields.errors) }
        try await limiter.reset(email: address.text, from: client)
        let token = OneTimeToken()
        try await repository.requestPasswordReset(
            email: address.text, token: token.text, tokenHash: token.hash, lifetime: configuration.resetLifetime)
        try await Task.sleep(until: answerTime, clock: .continuous)
    }

    func reset(token: String?, to new: String?, from client: ClientAddress?) async throws {
        var fields = AccountFields()
        let token = fields.required(token, "token")
        let new = fields.password(new, field: "newPassword")
        try fields.check()
        guard let token, let new else { throw Problem.validation(fields.errors) }
        try await limiter.reset(email: nil, from: client)
        // Looked for before the hash is computed: guessing must not keep the threads busy.
        guard let token = OneTimeToken(token), try await repository.isPasswordResetOpen(tokenHash: token.hash),
            try await repository.resetPassword(tokenHash: token.hash, passwordHash: try await hasher.hash(new))
        else { throw Self.resetTokenInvalid }
    }
}
