import Testing

@testable import LoadTest

@Suite("Plans")
struct ArrivalPlanTests {
    static func scenario(
        _ arrivals: [ArrivalPhase], _ journeys: [Journey] = [Journey(kind: .buy)], seed: UInt64 = 1
    ) -> Scenario {
        var scenario = Scenario(arrivals: arrivals, journeys: journeys)
        scenario.seed = seed
        return scenario
    }

    static let mixed = scenario(
        [.poisson(rate: 500, seconds: 4), .pause(seconds: 1), .ramp(from: 10, to: 500, seconds: 5)],
        [
            Journey(kind: .buy, weight: 6, maximumQuantity: 4, declinePercent: 20),
            Journey(kind: .browse(paths: ["/"]), weight: 3),
            Journey(kind: .bot(accounts: 3, requests: 10, everyMilliseconds: 20), weight: 1),
        ])

    @Test("The same seed gives the same plan, another one another")
    func seeds() {
        #expect(ArrivalPlan(Self.mixed) == ArrivalPlan(Self.mixed))
        var other = Self.mixed
        other.seed = 2
        #expect(ArrivalPlan(Self.mixed) != ArrivalPlan(other))
    }

    @Test("Arrivals ascend, are numbered from 1 on, and only bots come twice")
    func order() {
        let plan = ArrivalPlan(Self.mixed)
        #expect(plan.arrivals.map(\.number) == Array(1...plan.arrivals.count))
        #expect(zip(plan.arrivals, plan.arrivals.dropFirst()).allSatisfy { $0.offset <= $1.offset })
        let people = plan.arrivals.filter { $0.journey != 2 }.map(\.buyer)
        #expect(Set(people).count == people.count)
        let bots = Set(plan.arrivals.lazy.filter { $0.journey == 2 }.map(\.buyer))
        #expect(bots.count == 3 && bots.isDisjoint(with: people))
        #expect(plan.arrivals.allSatisfy { (1..<plan.buyers).contains($0.buyer) })
    }

    @Test("Journeys are mixed by weight, and a share of the payments is declined")
    func mix() {
        let plan = ArrivalPlan(Self.mixed)
        let buys = plan.arrivals.filter { $0.journey == 0 }
        let browses = plan.arrivals.count { $0.journey == 1 }
        #expect((1.6...2.4).contains(Double(buys.count) / Double(browses)))
        #expect(Set(buys.map(\.quantity)) == [1, 2, 3, 4])
        let declined = buys.count { $0.paymentMethod == Demand.declinedMethod }
        #expect((0.15...0.25).contains(Double(declined) / Double(buys.count)))
        #expect(plan.arrivals.filter { $0.journey == 1 }.allSatisfy { $0.quantity == 0 })
    }

    @Test("A salvo of a bot comes at its pace")
    func salvo() {
        let plan = ArrivalPlan(
            Self.scenario(
                [.counted(.burst(seconds: 1), count: 1)],
                [Journey(kind: .bot(accounts: 1, requests: 5, everyMilliseconds: 20))]))
        let gaps = zip(plan.arrivals, plan.arrivals.dropFirst()).map { $1.offset - $0.offset }
        #expect(gaps == [20_000_000, 20_000_000, 20_000_000, 20_000_000])
    }

    @Test(
        "A ramp's rate grows in a straight line: in its first half come fewer than in its second",
        arguments: [
            (0.0001, 1000.0, 0.25), (100.0, 100.0, 0.5), (1000.0, 0.0001, 0.75), (200.0, 600.0, 0.375),
        ])
    func ramp(from: Double, to: Double, share: Double) {
        let plan = ArrivalPlan(Self.scenario([.ramp(from: from, to: to, seconds: 10)]))
        #expect(abs(Double(plan.arrivals.count) - (from + to) * 5) <= 1)
        let early = plan.arrivals.count { $0.offset < 5_000_000_000 }
        #expect(abs(Double(early) / Double(plan.arrivals.count) - share) < 0.01)
        #expect(plan.arrivals.allSatisfy { (0...10_000_000_000).contains($0.offset) })
    }

    @Test("Phases follow each other; a pause is a time in which nobody comes")
    func phases() {
        let plan = ArrivalPlan(
            Self.scenario([
                .steady(rate: 100, seconds: 1), .pause(seconds: 2), .steps(rates: [10, 20], seconds: 1),
            ]))
        #expect(plan.seconds == 5)
        func count(_ seconds: Range<Double>) -> Int {
            plan.arrivals.count { seconds.contains(Double($0.offset) / 1e9) }
        }
        #expect(count(0..<1) == 100 && count(1..<3) == 0 && count(3..<4) == 10 && count(4..<5) == 20)
    }

    @Test("Shares of agents are the plan: each visit in one of them, each buyer's visits in the same")
    func shares() {
        let plan = ArrivalPlan(Self.mixed)
        let shares = (0..<3).map { plan.share(of: $0, among: 3) }
        #expect(shares.flatMap { $0 }.sorted { $0.number < $1.number } == plan.arrivals)
        let buyers = shares.map { Set($0.map(\.buyer)) }
        #expect(buyers[0].isDisjoint(with: buyers[1]) && buyers[1].isDisjoint(with: buyers[2]))
        #expect(shares.allSatisfy { $0.count > plan.arrivals.count / 5 })
    }
}
