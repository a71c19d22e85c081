import Logging
import Observability
import OrderRepository
import Security
import Ticketing

/// What administrators and owners do to accounts.
struct UserService<Repository: OrderRepository & AccountRepository & AdministrationRepository>: Sendable {
    let repository: Repository
    let passwords: PasswordService<Repository>
    let watch: AccountWatch<Repository>
    let logger: Logger

    func users(containing text: String?, _ page: PageQuery) async throws -> ListResponse<AccountResponse> {
        let found = try await repository.users(containing: text, after: page.cursor, limit: page.limit)
        return ListResponse(items: found.items.map(AccountResponse.init), nextCursor: found.next?.text)
    }

    func user(_ id: UserID) async throws -> AccountResponse {
        guard let user = try await repository.user(id) else { throw UserProblems.notFound }
        return AccountResponse(user)
    }

    /// Whoever changes the e-mail address of the own account gives the password too: the address is where a new
    /// password can be had, so an access token alone must not be enough.
    func change(_ id: UserID, _ patch: UserPatch, by identity: Identity) async throws -> AccountResponse {
        let change = try patch.change()
        let isOwn = identity.userID == id
        if change.role != nil, identity.role != .admin {
            throw Problem(.forbidden, "Only an administrator may change a role.")
        }
        if change.email != nil, isOwn {
            guard let password = patch.currentPassword else {
                throw Problem.validation([FieldError("currentPassword", "is missing")])
            }
            try await passwords.verify(password, of: id)
        }
        let actor = identity.role == .admin ? identity.userID : nil
        let outcome: UserChangeOutcome
        do throws(RepositoryError) {
            outcome = try await repository.changeUser(id, change, by: actor)
        } catch {
            guard error.code == .duplicateEmail else { throw error }
            throw UserProblems.emailTaken
        }
        switch outcome {
        case .changed(let user):
            if change.role != nil { await watch.look() }
            logger.notice(
                "user.changed", metadata: [LogKey.userID: "\(id)", LogKey.actorID: "\(identity.userID)"])
            return AccountResponse(user)
        case .lastAdmin: throw UserProblems.lastAdmin
        case .unknown: throw UserProblems.notFound
        }
    }

    func delete(_ id: UserID, by identity: Identity) async throws {
        let actor = identity.role == .admin ? identity.userID : nil
        switch try await repository.deleteUser(id, by: actor) {
        case .removed, .anonymised:
            await watch.look()
            logger.notice(
                "user.deleted", metadata: [LogKey.userID: "\(id)", LogKey.actorID: "\(identity.userID)"])
        case .ordersPending:
            throw Problem(
                .ordersPending, "An order of this account waits for its payment. Try again when it has ended.",
                retryAfter: UserProblems.pendingRetryAfter)
        case .lastAdmin: throw UserProblems.lastAdmin
        case .unknown: throw UserProblems.notFound
        }
    }

    /// A JSON object. An administrator who takes somebody else's is noted in the audit log before it is given.
    func personalData(of id: UserID, for identity: Identity) async throws -> String {
        guard let data = try await repository.personalData(of: id) else { throw UserProblems.notFound }
        if id != identity.userID {
            try await repository.noteExport(.userExported, of: id.description, by: identity.userID)
        }
        return data
    }
}

/// The problems of accounts.
enum UserProblems {
    static var notFound: Problem { Problem(.userNotFound, "There is no such account.") }
    static var emailTaken: Problem { Problem(.emailTaken, "There is an account with this e-mail address.") }
    static var lastAdmin: Problem {
        Problem(.lastAdmin, "This is the last administrator. Make somebody else one first.")
    }
    /// Most orders end within seconds.
    static let pendingRetryAfter = 10
}
