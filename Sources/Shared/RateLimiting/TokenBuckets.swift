/// Token buckets of many keys in bounded memory, without a clock of its own.
///
/// Of each key the one number is kept that matters, the time at which its bucket is full again. Keys stand in two
/// generations, and the older one is forgotten when the younger is as old as a bucket takes to fill: what is forgotten
/// is full. With more keys than `capacity` in that time, buckets are forgotten that are not: this limits too little
/// then, never too much.
package struct TokenBuckets<Key: Hashable & Sendable>: Sendable {
    private let limit: RateLimit
    private let capacity: Int
    /// Nanoseconds.
    private let each: Int64
    private let longest: Int64
    private var young: [Key: Int64] = [:]
    private var old: [Key: Int64] = [:]
    private var turned = Int64.min

    /// - Parameter capacity: Keys in one generation.
    package init(_ limit: RateLimit, capacity: Int) {
        self.limit = limit
        self.capacity = capacity
        each = Int64(limit.each / .nanoseconds(1))
        longest = each * Int64(limit.burst)
    }

    package var count: Int { young.count + old.count }

    /// - Parameter now: Nanoseconds of a clock that does not go back.
    /// - Returns: nil when a token was taken, else the nanoseconds until there is one.
    package mutating func take(_ key: Key, now: Int64) -> Int64? {
        let full = max(now, self.full(key, now: now)) + each
        guard full - now <= longest else { return full - now - longest }
        young[key] = full
        return nil
    }

    package mutating func giveBack(_ key: Key, now: Int64) {
        young[key] = max(now, full(key, now: now) - each)
    }

    private mutating func full(_ key: Key, now: Int64) -> Int64 {
        if young.count >= capacity || turned == .min || now - turned >= longest {
            swap(&young, &old)
            young.removeAll(keepingCapacity: true)
            turned = now
        }
        return young[key] ?? old[key] ?? now
    }
}
