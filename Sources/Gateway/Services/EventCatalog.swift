import OrderRepository
import Ticketing

/// Events as buyers see them: read from Postgres at most once a second each, however many ask.
struct EventCatalog<Repository: OrderRepository>: Sendable {
    /// A page's place in the list.
    struct PageKey: Hashable, Sendable {
        var cursor: PageCursor?
        var limit: Int
    }

    private let events: CoalescingCache<EventID, CachedDocument?, RepositoryError>
    private let pages: CoalescingCache<PageKey, CachedDocument, RepositoryError>

    init(repository: Repository, limits: GatewayLimits, gate: ConcurrencyGate) {
        events = CoalescingCache(lifetime: limits.eventAge, capacity: limits.cachedEvents) { id in
            await Self.load(gate) { () async throws(RepositoryError) in
                guard let event = try await repository.event(id) else { return nil }
                return try Self.document(EventResponse(event))
            }
        }
        pages = CoalescingCache(lifetime: limits.eventAge, capacity: limits.cachedEvents / limits.pageItems) { key in
            await Self.load(gate) { () async throws(RepositoryError) in
                let page = try await repository.events(after: key.cursor, limit: key.limit)
                return try Self.document(
                    ListResponse(items: page.items.map(EventResponse.init), nextCursor: page.next?.text))
            }
        }
    }

    /// nil when there is no such event; that answer is kept as well, so unknown ids do not reach Postgres each time.
    func event(_ id: EventID) async throws(RepositoryError) -> CachedDocument? { try await events.value(for: id) }

    func page(_ key: PageKey) async throws(RepositoryError) -> CachedDocument { try await pages.value(for: key) }

    /// Shows a change on this gateway at once; the others show it when their copy is a second old.
    func forget(_ id: EventID) {
        events.forget(id)
        pages.forgetAll()
    }

    private static func load<Value>(
        _ gate: ConcurrencyGate, _ work: () async throws(RepositoryError) -> Value
    ) async -> Result<Value, RepositoryError> {
        do throws(RepositoryError) {
            guard let value = try await gate.run(work) else {
                return .failure(RepositoryError(.unavailable, "\(gate.limit) look-ups are under way"))
            }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    private static func document(_ value: some Encodable) throws(RepositoryError) -> CachedDocument {
        do { return try CachedDocument(value) } catch {
            throw RepositoryError(.failed, "an event cannot be written as JSON", underlying: error)
        }
    }
}
