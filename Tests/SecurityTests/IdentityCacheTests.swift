import Foundation
import Testing
import Ticketing

@testable import Security

@Suite struct IdentityCacheTests {
    private let alice = Identity(userID: UserID(UUID()), role: .user)
    private let bob = Identity(userID: UserID(UUID()), role: .user)

    private func insert(
        _ identity: Identity, _ token: String, into cache: IdentityCache, hash: Int? = nil, expires: Double = 100
    ) {
        Array(token.utf8).withUnsafeBytes {
            cache.insert(identity, hash: hash ?? IdentityCache.hash($0), token: $0, expires: expires)
        }
    }

    private func identity(_ token: String, in cache: IdentityCache, hash: Int? = nil, now: Double = 0) -> Identity? {
        Array(token.utf8).withUnsafeBytes {
            cache.identity(hash: hash ?? IdentityCache.hash($0), token: $0, now: now)
        }
    }

    @Test func twoTokensOfOneHashAreNeverTakenForEachOther() {
        let cache = IdentityCache(capacity: 64)
        insert(alice, "alice", into: cache, hash: 1)
        #expect(identity("bobby", in: cache, hash: 1) == nil)
        insert(bob, "bobby", into: cache, hash: 1)
        #expect(identity("bobby", in: cache, hash: 1) == bob)
        #expect(identity("alice", in: cache, hash: 1) == nil)
        #expect(cache.count == 1)
    }

    @Test func theOldestOfAFullShardIsForgotten() {
        let cache = IdentityCache(capacity: 64 * 3)
        for token in ["1", "2", "3"] { insert(alice, token, into: cache, hash: 64 * Int(token)!) }
        #expect(cache.count == 3)
        insert(bob, "4", into: cache, hash: 64 * 4)
        #expect(cache.count == 3)
        #expect(identity("1", in: cache, hash: 64) == nil)
        #expect(identity("2", in: cache, hash: 128) == alice)
        #expect(identity("4", in: cache, hash: 256) == bob)
    }

    @Test func aTokenThatCameAgainIsNotForgottenInTheTurnOfItsFirstTime() {
        let cache = IdentityCache(capacity: 64 * 2)
        insert(alice, "1", into: cache, hash: 64)
        insert(alice, "1", into: cache, hash: 64)  // both slots hold this hash, the entry belongs to the second
        insert(bob, "2", into: cache, hash: 128)
        #expect(identity("1", in: cache, hash: 64) == alice)
        #expect(identity("2", in: cache, hash: 128) == bob)
    }

    @Test func anExpiredEntryIsRemovedWhenItIsAskedFor() {
        let cache = IdentityCache(capacity: 64)
        insert(alice, "a", into: cache, expires: 10)
        #expect(identity("a", in: cache, now: 9.99) == alice)
        #expect(identity("a", in: cache, now: 10) == nil)
        #expect(cache.count == 0)
    }

    @Test func theVerifiersCacheIsBoundedAndEveryTokenStaysGood() async throws {
        let fixture = try await TokenFixture { $0.cacheCapacity = 64 }
        let tokens = try (0..<300).map { _ in
            try fixture.issuer.issue(for: Identity(userID: UserID(UUID()), role: .user)).text
        }
        for _ in 0..<2 {
            for token in tokens { #expect(fixture.refusal(of: token) == nil) }
            #expect((1...64).contains(fixture.verifier.cachedTokens))
        }
    }

    @Test func onlyVerifiedTokensOfOrdinaryLengthAreKept() async throws {
        let fixture = try await TokenFixture()
        let good = try await fixture.token()
        #expect(fixture.refusal(of: String(good.dropLast(7))) == .badSignature)
        #expect(fixture.verifier.cachedTokens == 0)
        let filler = String(repeating: "x", count: 1_000)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["extra": "\"\(filler)\""])) == nil)
        #expect(fixture.verifier.cachedTokens == 0)
        #expect(fixture.refusal(of: good) == nil)
        #expect(fixture.verifier.cachedTokens == 1)
    }

    @Test func manyTasksMayAskAtTheSameTime() async throws {
        let fixture = try await TokenFixture { $0.cacheCapacity = 128 }
        let identities = (0..<400).map { _ in Identity(userID: UserID(UUID()), role: .user) }
        let tokens = try identities.map { try fixture.issuer.issue(for: $0).text }
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    zip(tokens, identities).count { (try? fixture.verifier.identity(for: $0)) != $1 }
                }
            }
            for await wrong in group { #expect(wrong == 0) }
        }
    }
}
