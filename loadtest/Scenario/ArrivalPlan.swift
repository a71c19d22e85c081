/// Everything a scenario sends, fixed before the first request leaves.
struct ArrivalPlan: Equatable, Sendable {
    /// By time; numbered 1, 2, ….
    let arrivals: [Arrival]
    /// Accounts that the plan needs, the one included that opens the door (buyer 0).
    let buyers: Int
    /// Seconds from the begin to the end of the last phase.
    let seconds: Double

    init(_ scenario: Scenario) {
        var generator = SeededGenerator(seed: scenario.seed)
        var begin = 0.0
        var times: [Instant] = []
        for phase in scenario.arrivals {
            let offsets = phase.offsets(using: &generator)
            times += offsets.map { $0 + Instant(begin * 1e9) }
            begin += phase.length(offsets)
        }
        var drawing = Drawing(scenario.journeys)
        var arrivals: [Arrival] = []
        arrivals.reserveCapacity(times.count)
        for time in times { drawing.visit(at: time, into: &arrivals, using: &generator) }
        // Salvoes of bots reach into the arrivals behind them. Equal times keep the order they were drawn in.
        let order = arrivals.indices.sorted { (arrivals[$0].offset, $0) < (arrivals[$1].offset, $1) }
        self.arrivals = order.enumerated().map { place, index in
            var arrival = arrivals[index]
            arrival.number = place + 1
            return arrival
        }
        self.buyers = drawing.buyers
        self.seconds = begin
    }

    /// Arrivals per second, as planned.
    var rate: Double { Double(arrivals.count) / max(seconds, 0.001) }

    var ticketsWanted: Int {
        arrivals.lazy.map(\.quantity).reduce(0, +)
    }

    /// The part of agent `index` of `count`: whoever comes twice comes to the same agent.
    func share(of index: Int, among count: Int) -> [Arrival] {
        count == 1 ? arrivals : arrivals.filter { $0.buyer % count == index }
    }

    /// Draws journeys and accounts.
    private struct Drawing {
        private let journeys: [Journey]
        private let totalWeight: Double
        private(set) var buyers = 1
        /// First account of each journey's bots, once one of them has come.
        private var firstBot: [Int: Int] = [:]
        private var botVisits = 0

        init(_ journeys: [Journey]) {
            self.journeys = journeys
            self.totalWeight = journeys.lazy.map(\.weight).reduce(0, +)
        }

        mutating func visit(at time: Instant, into arrivals: inout [Arrival], using generator: inout SeededGenerator) {
            let number = chooseJourney(using: &generator)
            let journey = journeys[number]
            if case .bot(let accounts, let requests, let gap) = journey.kind {
                let first = firstBot[number] ?? buyers
                if firstBot[number] == nil { buyers += accounts }
                firstBot[number] = first
                let buyer = first + botVisits % accounts
                botVisits += 1
                for request in 0..<requests {
                    let later = Instant(request) * Instant(gap) * 1_000_000
                    arrivals.append(arrival(number, journey, buyer, at: time + later, using: &generator))
                }
            } else {
                arrivals.append(arrival(number, journey, buyers, at: time, using: &generator))
                buyers += 1
            }
        }

        private func chooseJourney(using generator: inout SeededGenerator) -> Int {
            guard journeys.count > 1 else { return 0 }
            var left = generator.unit() * totalWeight
            for (number, journey) in journeys.enumerated() {
                left -= journey.weight
                if left < 0 { return number }
            }
            return journeys.count - 1
        }

        private func arrival(
            _ number: Int, _ journey: Journey, _ buyer: Int, at time: Instant, using generator: inout SeededGenerator
        ) -> Arrival {
            let quantity = journey.buys ? Int.random(in: 1...journey.maximumQuantity, using: &generator) : 0
            let isDeclined = journey.declinePercent > 0 && generator.unit() * 100 < journey.declinePercent
            return Arrival(
                number: 0, journey: number, buyer: buyer, quantity: quantity,
                paymentMethod: isDeclined ? Demand.declinedMethod : journey.paymentMethod, offset: time)
        }
    }
}
