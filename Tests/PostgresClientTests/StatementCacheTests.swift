import Testing

@testable import PostgresClient

@Suite struct StatementCacheTests {
    private func key(_ text: String, _ types: [UInt32] = []) -> StatementCache.Key {
        StatementCache.Key(text: text, types: types)
    }

    @Test func theStatementUnusedForLongestMakesRoom() {
        var cache = StatementCache(capacity: 2)
        let (a, b) = (cache.newName(), cache.newName())
        cache.insert(key("a"), name: a)
        cache.insert(key("b"), name: b)
        #expect(!cache.hasRoom(for: 1))
        #expect(cache.name(of: key("a")) == a)
        #expect(cache.evict() == b)
        #expect(cache.hasRoom(for: 1))
        #expect(cache.name(of: key("b")) == nil)
        #expect(cache.name(of: key("a")) == a)
    }

    @Test func theSameTextWithOtherTypesIsAnotherStatement() {
        var cache = StatementCache(capacity: 2)
        cache.insert(key("SELECT $1", [20]), name: cache.newName())
        #expect(cache.name(of: key("SELECT $1", [25])) == nil)
    }

    @Test func aNameIsNeverGivenTwice() {
        var cache = StatementCache(capacity: 2)
        let first = cache.newName()
        cache.insert(key("a"), name: first)
        cache.removeAll()
        #expect(cache.newName() != first)
    }
}
