import Testing

@testable import LoadTest

@Suite("Send schedule")
struct SendScheduleTests {
    static let schedules: [SendSchedule] = [.poisson(rate: 1000), .uniform(rate: 1000), .burst(seconds: 10)]

    @Test("Send times ascend, keep the mean rate, and depend on the seed only", arguments: schedules)
    func rate(schedule: SendSchedule) throws {
        var generator = SeededGenerator(seed: 7)
        var again = SeededGenerator(seed: 7)
        let offsets = schedule.offsets(count: 10_000, using: &generator)
        #expect(offsets == schedule.offsets(count: 10_000, using: &again))
        #expect(zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 })
        // 10,000 arrivals at 1,000/s: ten seconds, within five standard deviations (1 % each) for Poisson.
        #expect((9.5...10.5).contains(Double(try #require(offsets.last)) / 1e9))
    }

    @Test("Poisson arrivals come in clusters as people do: a third of the gaps is above the mean, not half or none")
    func clusters() {
        var generator = SeededGenerator(seed: 3)
        let offsets = SendSchedule.poisson(rate: 1000).offsets(count: 10_000, using: &generator)
        let long = zip(offsets, offsets.dropFirst()).count { $1 - $0 > 1_000_000 }
        // exp(-1) = 36.8 %.
        #expect((3_400...3_950).contains(long))
    }

    @Test("Another seed is another run")
    func seeds() {
        var first = SeededGenerator(seed: 1)
        var second = SeededGenerator(seed: 2)
        let schedule = SendSchedule.burst(seconds: 1)
        #expect(schedule.offsets(count: 10, using: &first) != schedule.offsets(count: 10, using: &second))
    }

    @Test("Every buyer gets one purchase of an allowed quantity, numbered in the order of the send times")
    func demand() {
        var generator = SeededGenerator(seed: 5)
        let demand = Demand(schedule: .burst(seconds: 1), maximumQuantity: 4, paymentMethod: "pm_accepted")
        let arrivals = demand.arrivals(of: 1..<10_001, from: 7, using: &generator)
        #expect(Set(arrivals.map(\.buyer)).count == 10_000)
        #expect(Set(arrivals.map(\.quantity)) == [1, 2, 3, 4])
        #expect(arrivals.map(\.number) == Array(7..<10_007))
    }
}
