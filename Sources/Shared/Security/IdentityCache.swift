import Glibc
import Synchronization

/// Identities of verified tokens until they expire, in at most `capacity` entries.
///
/// Split into shards, each with its own lock, held for a look-up and a compare of the token's bytes. A full shard
/// forgets the entry it took first; the token of that entry is then verified again, which costs time, never a refusal.
/// Tokens reach the cache only after verification, so nobody without the key can fill it.
final class IdentityCache: Sendable {
    /// Enough that 16 threads seldom meet: two of them share a shard once in 64 look-ups.
    private static let shardCount = 64

    private struct Entry {
        let token: [UInt8]
        let identity: Identity
        /// Seconds since 1970.
        let expires: Double
        /// Place in the shard's ring.
        let slot: Int
    }

    private struct Shard {
        var entries: [Int: Entry] = [:]
        /// Hashes in the order they came, written round and round.
        var ring: [Int] = []
        var next = 0
        let capacity: Int
    }

    /// A lock and what it protects, as an object, because an array cannot hold a `Mutex`.
    private final class LockedShard: Sendable {
        let shard: Mutex<Shard>

        init(capacity: Int) {
            shard = Mutex(Shard(capacity: capacity))
        }
    }

    private let shards: [LockedShard]

    init(capacity: Int) {
        let perShard = max(1, capacity / Self.shardCount)
        shards = (0..<min(Self.shardCount, max(1, capacity))).map { _ in LockedShard(capacity: perShard) }
    }

    /// The place of a token in the cache. Seeded anew in each process.
    static func hash(_ token: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: token)
        return hasher.finalize()
    }

    var count: Int {
        shards.reduce(0) { count, locked in count + locked.shard.withLock { $0.entries.count } }
    }

    func identity(hash: Int, token: UnsafeRawBufferPointer, now: Double) -> Identity? {
        locked(hash).shard.withLock { shard in
            guard let entry = shard.entries[hash], Self.equal(entry.token, token) else { return nil }
            guard now < entry.expires else {
                shard.entries[hash] = nil
                return nil
            }
            return entry.identity
        }
    }

    func insert(_ identity: Identity, hash: Int, token: UnsafeRawBufferPointer, expires: Double) {
        let token = Array(token)
        locked(hash).shard.withLock { shard in
            let slot = shard.next
            if slot < shard.ring.count {
                // The slot's hash may have a newer entry by now, in another slot: that one stays.
                let oldest = shard.ring[slot]
                if shard.entries[oldest]?.slot == slot { shard.entries[oldest] = nil }
                shard.ring[slot] = hash
            } else {
                shard.ring.append(hash)
            }
            shard.next = (slot + 1) % shard.capacity
            shard.entries[hash] = Entry(token: token, identity: identity, expires: expires, slot: slot)
        }
    }

    /// Forgets the tokens of every identity that `condition` holds for. Looks at all entries.
    func removeAll(where condition: (Identity) -> Bool) {
        for locked in shards {
            locked.shard.withLock { shard in
                for (hash, entry) in shard.entries where condition(entry.identity) { shard.entries[hash] = nil }
            }
        }
    }

    private static func equal(_ one: [UInt8], _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count, let base = other.baseAddress else { return false }
        return one.withUnsafeBytes { bytes in bytes.baseAddress.map { memcmp($0, base, bytes.count) == 0 } ?? false }
    }

    private func locked(_ hash: Int) -> LockedShard {
        shards[Int(UInt(bitPattern: hash) % UInt(shards.count))]
    }
}
