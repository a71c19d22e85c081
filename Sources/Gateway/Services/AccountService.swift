import OrderRepository
import Security
import Ticketing

/// Makes accounts and signs people in.
struct AccountService<Repository: OrderRepository>: Sendable {
    let repository: Repository
    let hasher: PasswordHasher
    let issuer: TokenIssuer

    static var wrongCredentials: Problem {
        Problem(.invalidCredentials, "The e-mail address or the password is wrong.")
    }

    func register(email: String?, password: String?, name: String?) async throws -> SessionResponse {
        var errors: [FieldError] = []
        let address = email.flatMap { EmailAddress($0) }
        if email == nil {
            errors.append(FieldError("email", "is missing"))
        } else if address == nil {
            errors.append(FieldError("email", "must be an e-mail address"))
        }
        if let password {
            if !Limits.password.contains(password.utf8.count) {
                errors.append(FieldError("password", "must have 8 to 256 bytes"))
            }
        } else {
            errors.append(FieldError("password", "is missing"))
        }
        if let name, !Limits.name.contains(name.count) {
            errors.append(FieldError("name", "must have 1 to 200 characters"))
        }
        guard errors.isEmpty, let address, let password else { throw Problem.validation(errors) }
        let hash = try await hasher.hash(password)
        do throws(RepositoryError) {
            let user = try await repository.createUser(email: address, passwordHash: hash, name: name, role: .user)
            return try session(user)
        } catch {
            guard error.code == .duplicateEmail else { throw error }
            throw Problem(.emailTaken, "There is an account with this e-mail address.")
        }
    }

    /// An unknown address costs as much time as a wrong password, so that nobody can find out who has an account.
    func login(email: String?, password: String?) async throws -> SessionResponse {
        let missing = [email == nil ? "email" : nil, password == nil ? "password" : nil].compactMap(\.self)
        guard let email, let password else {
            throw Problem.validation(missing.map { FieldError($0, "is missing") })
        }
        guard password.utf8.count <= Limits.password.upperBound else { throw Self.wrongCredentials }
        guard let found = try await repository.credentials(email: email) else {
            try await hasher.verifyAgainstNobody(password)
            throw Self.wrongCredentials
        }
        guard try await hasher.verify(password, against: found.passwordHash) else { throw Self.wrongCredentials }
        return try session(found.user)
    }

    func user(_ id: UserID) async throws -> AccountResponse {
        guard let user = try await repository.user(id) else {
            throw Problem(.unauthenticated, "The account of this access token no longer exists.")
        }
        return AccountResponse(user)
    }

    private func session(_ user: User) throws(RepositoryError) -> SessionResponse {
        do {
            let token = try issuer.issue(for: Identity(userID: user.id, role: user.role))
            return SessionResponse(token: token, user: user)
        } catch {
            throw RepositoryError(.failed, "no access token could be made", underlying: error)
        }
    }
}
