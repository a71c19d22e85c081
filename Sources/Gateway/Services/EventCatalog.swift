import InventoryStore
import OrderRepository
import Ticketing

/// Events as buyers see them, kept in this process and, where gateways can share them, in Redis.
///
/// This process keeps an answer for `eventAge`, Redis for `sharedEventAge`, and what comes from the one may have been
/// in the other for all of its time: together 0.9 s, so that every gateway shows a change within a second, whatever
/// message gets lost. A change also discards what Redis has.
///
/// For a hundred events that people look at, ten gateways ask Postgres 2,000 times a second by themselves, and 250
/// times with Redis between. There are just the events that exist and the first page of the list: a client cannot fill
/// Redis by making up ids, cursors and searches.
struct EventCatalog<Repository: OrderRepository>: Sendable {
    /// A page's place in the list.
    struct PageKey: Hashable, Sendable {
        var filter = EventFilter.all
        var cursor: PageCursor?
        var limit: Int
    }

    private let events: CoalescingCache<EventID, CachedDocument?, RepositoryError>
    private let pages: CoalescingCache<PageKey, CachedDocument, RepositoryError>
    /// Apart from the pages, so that many different searches cannot push those out.
    private let searches: CoalescingCache<PageKey, CachedDocument, RepositoryError>
    private let shared: SharedDocuments

    /// - Parameter now: Tests put a clock of their own here.
    init(
        repository: Repository, cache: (any DocumentCache)?, limits: GatewayLimits, gate: ConcurrencyGate,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        let shared = SharedDocuments(
            cache: cache, lifetime: limits.sharedEventAge, discardTime: limits.eventLoadTime)
        self.shared = shared
        events = CoalescingCache(lifetime: limits.eventAge, capacity: limits.cachedEvents, now: now) { id in
            let key = Self.key(id)
            if let found = await shared.find(key) { return .success(found) }
            let result = await Self.load(gate) { () async throws(RepositoryError) in
                guard let event = try await repository.event(id) else { return CachedDocument?.none }
                return try Self.document(EventResponse(event))
            }
            if case .success(let document?) = result { await shared.keep(document, as: key) }
            return result
        }
        let load: @Sendable (PageKey) async -> Result<CachedDocument, RepositoryError> = { key in
            await Self.load(gate) { () async throws(RepositoryError) in
                let page = try await repository.events(matching: key.filter, after: key.cursor, limit: key.limit)
                return try Self.document(
                    ListResponse(items: page.items.map(EventResponse.init), nextCursor: page.next?.text))
            }
        }
        let first = PageKey(limit: limits.standardPageItems)
        let capacity = limits.cachedEvents / limits.pageItems
        pages = CoalescingCache(lifetime: limits.eventAge, capacity: capacity, now: now) { key in
            guard key == first else { return await load(key) }
            if let found = await shared.find(Self.firstPage) { return .success(found) }
            let result = await load(key)
            if case .success(let document) = result { await shared.keep(document, as: Self.firstPage) }
            return result
        }
        searches = CoalescingCache(lifetime: limits.eventAge, capacity: capacity, now: now, load: load)
    }

    /// nil when there is no such event; that answer is kept as well, so unknown ids do not reach Postgres each time.
    func event(_ id: EventID) async throws(RepositoryError) -> CachedDocument? { try await events.value(for: id) }

    func page(_ key: PageKey) async throws(RepositoryError) -> CachedDocument {
        try await (key.filter == .all ? pages : searches).value(for: key)
    }

    /// Shows a change on this gateway at once; the others show it when their copy is too old.
    func forget(_ id: EventID) async {
        // First what is shared, or it would come back from there.
        await shared.discard(Self.key(id), Self.firstPage)
        events.forget(id)
        pages.forgetAll()
        searches.forgetAll()
    }

    private static func key(_ id: EventID) -> String { "catalog:event:\(id)" }
    private static var firstPage: String { "catalog:events" }

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
