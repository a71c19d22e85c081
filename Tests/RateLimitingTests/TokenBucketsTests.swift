import OnsaleConfiguration
import Testing

@testable import RateLimiting

@Suite struct TokenBucketsTests {
    private static let second: Int64 = 1_000_000_000
    /// Three at once, one comes back each second.
    private static let limit = RateLimit(burst: 3, period: .seconds(3))

    @Test func aBucketGivesWhatItHoldsAndThenWhatComesBack() {
        var buckets = TokenBuckets<String>(Self.limit, capacity: 100)
        for _ in 0..<3 { #expect(buckets.take("a", now: 0) == nil) }
        #expect(buckets.take("a", now: 0) == Self.second)
        #expect(buckets.take("a", now: Self.second / 4) == Self.second * 3 / 4)
        #expect(buckets.take("b", now: 0) == nil, "another's is another")
        #expect(buckets.take("a", now: Self.second) == nil)
        #expect(buckets.take("a", now: Self.second) == Self.second)
        // After a long time it holds no more than at first.
        for _ in 0..<3 { #expect(buckets.take("a", now: 1_000 * Self.second) == nil) }
        #expect(buckets.take("a", now: 1_000 * Self.second) != nil)
    }

    @Test func whatIsGivenBackCanBeTakenAgainAndFillsNoBucketBeyondItsSize() {
        var buckets = TokenBuckets<String>(Self.limit, capacity: 100)
        for _ in 0..<10 { buckets.giveBack("a", now: 0) }
        for _ in 0..<3 { #expect(buckets.take("a", now: 0) == nil) }
        #expect(buckets.take("a", now: 0) != nil)
        buckets.giveBack("a", now: 0)
        #expect(buckets.take("a", now: 0) == nil)
        #expect(buckets.take("a", now: 0) != nil)
    }

    /// Any number of keys over any time: as many are admitted as by buckets that are never forgotten.
    @Test func whatIsForgottenIsFull() {
        var buckets = TokenBuckets<Int>(Self.limit, capacity: 1_000)
        var model: [Int: Int64] = [:]
        var generator = SystemRandomNumberGenerator()
        var now: Int64 = 0
        for _ in 0..<20_000 {
            now += Int64.random(in: 0...Self.second / 8, using: &generator)
            let key = Int.random(in: 0..<20, using: &generator)
            let full = max(now, model[key] ?? now) + Self.second
            let expected = full - now > 3 * Self.second ? full - now - 3 * Self.second : nil
            if expected == nil { model[key] = full }
            #expect(buckets.take(key, now: now) == expected)
        }
        // Everything that was known a while ago is gone.
        _ = buckets.take(100, now: now + 10 * Self.second)
        _ = buckets.take(101, now: now + 20 * Self.second)
        #expect(buckets.count <= 2)
    }

    @Test func memoryIsBoundedByTwoGenerations() {
        var buckets = TokenBuckets<Int>(Self.limit, capacity: 100)
        for key in 0..<10_000 { #expect(buckets.take(key, now: 0) == nil) }
        #expect(buckets.count <= 200)
    }

    @Test func limitsAreReadFromText() {
        #expect(RateLimit("10/5m") == RateLimit(burst: 10, period: .seconds(300)))
        #expect(RateLimit("1/250ms") == RateLimit(burst: 1, period: .milliseconds(250)))
        for text in ["", "10", "10/", "/5m", "0/5m", "-1/5m", "10/0", "10/5m/1", "1000000/1ms", "10/100d", "x/5m"] {
            #expect(RateLimit(text) == nil, "\(text)")
        }
    }

    @Test func aLimitCanBeSwitchedOff() throws {
        func read(_ text: String?) throws(ConfigurationError) -> RateLimit? {
            let variables = text.map { ["LOGIN_LIMIT": $0] } ?? [:]
            let provider = EnvironmentVariablesProvider(environmentVariables: variables)
            return try ConfigReader(provider: provider).rateLimit("login.limit", default: Self.limit)
        }
        #expect(try read(nil) == Self.limit)
        #expect(try read("off") == nil)
        #expect(try read("5/1s") == RateLimit(burst: 5, period: .seconds(1)))
        #expect(throws: ConfigurationError.self) { try read("many") }
    }
}
