import NIOCore
import RateLimiting
import Synchronization
import Ticketing

/// Keeps one buyer from asking Redis as often as a thousand, in this gateway's memory: two look-ups of 0.1 µs at most.
///
/// Sold-out answers from memory are not counted; they cost less than the count.
final class PurchaseLimiter: Sendable {
    /// A lock and what it protects, as an object, because an array cannot hold a `Mutex`.
    private final class Shard<Key: Hashable & Sendable>: Sendable {
        let buckets: Mutex<TokenBuckets<Key>>

        init(_ limit: RateLimit, capacity: Int) { buckets = Mutex(TokenBuckets(limit, capacity: capacity)) }
    }

    /// Two threads of 16 meet in one of 64 seldom.
    private static let shardCount = 64

    private let users: [Shard<UserID>]
    private let addresses: [Shard<ClientAddress>]
    private let proxies: TrustedProxies
    private let now: @Sendable () -> NIODeadline

    /// - Parameter now: Tests put a clock of their own here.
    init(limits: RequestLimits, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        users = Self.shards(limits.purchaseUser, limits.rememberedBuyers)
        addresses = Self.shards(limits.purchaseAddress, limits.rememberedBuyers)
        proxies = limits.trustedProxies
        self.now = now
    }

    /// Whether the address matters: it costs a little to find out.
    var needsAddress: Bool { !addresses.isEmpty }

    /// - Throws: 429.
    func admit(_ user: UserID, _ head: RequestHead) throws(Problem) {
        let now = Int64(now().uptimeNanoseconds)
        if let wait = Self.take(user, from: users, now: now) { throw Problem.rateLimited(.nanoseconds(wait)) }
        guard needsAddress, let address = proxies.address(peer: head.peer, forwardedFor: head.forwardedFor),
            let wait = Self.take(address.network, from: addresses, now: now)
        else { return }
        throw Problem.rateLimited(.nanoseconds(wait))
    }

    private static func take<Key: Hashable>(_ key: Key, from shards: [Shard<Key>], now: Int64) -> Int64? {
        guard !shards.isEmpty else { return nil }
        let shard = shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
        return shard.buckets.withLock { $0.take(key, now: now) }
    }

    private static func shards<Key>(_ limit: RateLimit?, _ capacity: Int) -> [Shard<Key>] {
        guard let limit else { return [] }
        return (0..<shardCount).map { _ in Shard(limit, capacity: max(1, capacity / shardCount)) }
    }
}
