import OrderRepository
import Security
import Ticketing

/// An account, and the hash that its password was compared with.
struct VerifiedAccount: Sendable {
    let user: User
    let passwordHash: String
}

/// Makes accounts and says whose password is right.
struct AccountService<Repository: OrderRepository & AccountRepository>: Sendable {
    let repository: Repository
    let hasher: PasswordHasher

    static var wrongCredentials: Problem {
        Problem(.invalidCredentials, "The e-mail address or the password is wrong.")
    }

    func register(email: String?, password: String?, name: String?) async throws -> VerifiedAccount {
        var fields = AccountFields()
        let (address, password, name) = (fields.email(email), fields.password(password), fields.name(name))
        try fields.check()
        guard let address, let password else { throw Problem.validation(fields.errors) }
        let hash = try await hasher.hash(password)
        do throws(RepositoryError) {
            let user = try await repository.createUser(email: address, passwordHash: hash, name: name, role: .user)
            return VerifiedAccount(user: user, passwordHash: hash)
        } catch {
            guard error.code == .duplicateEmail else { throw error }
            throw UserProblems.emailTaken
        }
    }

    /// An unknown address costs as much time as a wrong password, so that nobody can find out who has an account.
    func login(email: String?, password: String?) async throws -> VerifiedAccount {
        var fields = AccountFields()
        let (email, password) = (fields.required(email, "email"), fields.required(password, "password"))
        try fields.check()
        guard let email, let password else { throw Problem.validation(fields.errors) }
        guard password.unicodeScalars.count <= Limits.password.upperBound else { throw Self.wrongCredentials }
        // Most are refused before they get here: `HotRoutes.refusal`.
        try hasher.requireRoom()
        // Not every text can be looked up.
        guard email.utf8.count <= Limits.email.upperBound, !email.utf8.contains(0),
            let found = try await repository.credentials(email: email)
        else {
            try await hasher.verifyAgainstNobody(password)
            throw Self.wrongCredentials
        }
        guard try await hasher.verify(password, against: found.passwordHash) else { throw Self.wrongCredentials }
        // Now is when the password is known. That no thread is free to hash it is no reason to keep its owner out.
        guard hasher.needsRehash(found.passwordHash), let hash = try? await hasher.hash(password) else {
            return VerifiedAccount(user: found.user, passwordHash: found.passwordHash)
        }
        guard try await repository.replacePasswordHash(found.passwordHash, by: hash, of: found.user.id) else {
            // Another log-in has just done so, or the password was changed.
            return try await login(email: email, password: password)
        }
        return VerifiedAccount(user: found.user, passwordHash: hash)
    }

    func user(_ identity: Identity) async throws -> AccountResponse {
        guard var user = try await repository.user(identity.userID) else {
            throw Problem(.unauthenticated, "The account of this access token no longer exists.")
        }
        if identity.provided != nil { user.role = identity.role }
        return AccountResponse(user)
    }
}
