@testable import InventoryWorker
import Testing

struct DrainRateTests {
    private static let start = ContinuousClock.now

    /// Adds batches of `count` every `interval` from `first` on and returns when the last one was.
    @discardableResult
    private static func feed(
        _ rate: inout DrainRate, _ count: Int, every interval: Duration, times: Int, from first: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        var now = first
        for _ in 0..<times {
            rate.add(count, at: now)
            now += interval
        }
        return now
    }

    @Test func `One batch alone says nothing`() {
        var rate = DrainRate()
        rate.add(1_000, at: Self.start)
        #expect(rate.perSecond == 0)
    }

    @Test func `Steady work comes close to its rate within a few seconds`() {
        var rate = DrainRate()
        Self.feed(&rate, 100, every: .milliseconds(50), times: 100, from: Self.start)
        #expect((1_900...2_000).contains(rate.perSecond))
    }

    @Test func `A change of pace is followed`() {
        var rate = DrainRate()
        let then = Self.feed(&rate, 100, every: .milliseconds(50), times: 100, from: Self.start)
        Self.feed(&rate, 10, every: .milliseconds(50), times: 100, from: then)
        #expect((200...320).contains(rate.perSecond))
    }

    @Test func `A pause does not lower the rate`() {
        var rate = DrainRate()
        let then = Self.feed(&rate, 100, every: .milliseconds(50), times: 100, from: Self.start)
        let before = rate.perSecond
        rate.add(1, at: then + .seconds(3_600))
        #expect(rate.perSecond == before)
    }

    @Test func `Two batches at the same instant are no endless rate`() {
        var rate = DrainRate()
        rate.add(10, at: Self.start)
        rate.add(10, at: Self.start)
        #expect(rate.perSecond == 0)
    }
}

struct BackoffTests {
    @Test func `Pauses double from the base to the limit, each between half and all of its figure`() {
        for _ in 0..<100 {
            var backoff = Backoff()
            var figure = WorkerConfiguration.backoffBase
            for _ in 0..<12 {
                #expect((figure / 2...figure).contains(backoff.pause()))
                figure = min(figure * 2, WorkerConfiguration.backoffLimit)
            }
            #expect(figure == WorkerConfiguration.backoffLimit)
        }
    }

    @Test func `Two lanes do not pause alike`() {
        let pauses = (0..<20).map { _ in
            var backoff = Backoff()
            return backoff.pause()
        }
        #expect(Set(pauses).count > 10)
    }

    @Test func `After a reset the pauses start again`() {
        var backoff = Backoff()
        for _ in 0..<10 { _ = backoff.pause() }
        backoff.reset()
        #expect(backoff.pause() <= WorkerConfiguration.backoffBase)
    }
}
