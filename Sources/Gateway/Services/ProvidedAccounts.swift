import OrderRepository
import Security
import Ticketing

/// Gives people of an outside identity provider an account at first sight: orders need one.
struct ProvidedAccounts: Sendable {
    private struct Person: Hashable, Sendable {
        let id: UserID
        let email: EmailAddress?
    }

    /// How long an account is known to be there without a look.
    static let lifetime: Duration = .seconds(600)
    /// People kept, about 150 bytes each. Beyond: all are looked up again.
    private static let capacity = 50_000

    private let standings: CoalescingCache<Person, Bool, RepositoryError>

    init(repository: some AccountRepository) {
        standings = CoalescingCache(lifetime: Self.lifetime, capacity: Self.capacity) { person in
            do throws(RepositoryError) {
                return .success(try await repository.admitProvided(person.id, email: person.email))
            } catch {
                return .failure(error)
            }
        }
    }

    /// Does nothing for those who signed in with us.
    /// - Throws: 401 when the account was deleted, 503 when Postgres does not answer.
    func admit(_ identity: Identity) async throws(Problem) {
        guard let provided = identity.provided else { return }
        let person = Person(id: identity.userID, email: provided.email.flatMap { EmailAddress($0) })
        let isThere: Bool
        do throws(RepositoryError) { isThere = try await standings.value(for: person) } catch {
            throw Problem(.overloaded, "The database does not answer at the moment. Try again.", retryAfter: 1)
        }
        guard isThere else {
            throw Problem(.unauthenticated, "The account of this access token no longer exists.")
        }
    }
}
