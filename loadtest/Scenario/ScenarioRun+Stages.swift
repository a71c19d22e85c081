import Foundation
import NIOCore
import Ticketing

/// The parts of a run, in their order.
extension ScenarioRun {
    func logIn(through client: RequestClient, for plan: ArrivalPlan) async throws -> AdminClient? {
        guard scenario.sale != nil, let administrator = settings.administrator else { return nil }
        let allowed = settings.timeout + settings.restTimeout + .seconds(60) + .seconds(plan.seconds)
        return try await AdminClient.logIn(
            through: client, email: administrator.email, password: administrator.password,
            deadline: .now() + .nanoseconds(allowed.nanoseconds))
    }

    /// nil when the scenario sells nothing.
    func prepareSale(_ admin: AdminClient?) async throws -> SaleFacts? {
        guard let sale = scenario.sale else { return nil }
        guard let admin else {
            return SaleFacts(event: nil, capacity: sale.tickets, limitPerBuyer: sale.limitPerBuyer)
        }
        guard let used = settings.event else {
            let event = try await admin.createEvent(tickets: sale.tickets, limitPerBuyer: sale.limitPerBuyer)
            display.note("event \(event)")
            return SaleFacts(event: event, capacity: sale.tickets, limitPerBuyer: sale.limitPerBuyer)
        }
        let event = try await admin.event(used)
        var facts = SaleFacts(event: used, capacity: event.totalTickets, limitPerBuyer: event.limitPerBuyer)
        if let earlier = try await backstage?.books.earlier(of: used) {
            facts.earlierOrders = earlier.orders
            facts.earlierUnits = earlier.units
        }
        return facts
    }

    func makeBuyers(_ count: Int, password: String?) async throws -> [Buyer] {
        guard let backstage else {
            // Only the service knows whose tokens these are. An id for each would be read from the kernel one by one.
            let (unknown, tokens) = (UserID(), settings.tokens)
            return (0..<count).map { Buyer(id: unknown, token: tokens.isEmpty ? "" : tokens[$0 % tokens.count]) }
        }
        let began = ContinuousClock.now
        let buyers = try await backstage.accounts.make(count, password: password)
        let seconds = (Double((ContinuousClock.now - began).nanoseconds) / 1e9).rounded(toPlaces: 2)
        display.note("\(buyers.count) buyers made in \(seconds) s")
        return buyers
    }

    func gatherAgents(_ buyers: [Buyer], _ facts: SaleFacts?, password: String?) async throws -> AgentParty? {
        guard !settings.agents.isEmpty else { return nil }
        let assignment = AgentAssignment(
            scenario: scenario, target: settings.target, addresses: settings.endpoints.map(\.url),
            event: facts?.event?.description, password: password ?? "", pollWait: settings.pollWait,
            rereadOrders: settings.rereadOrders / settings.agents.count, index: 0, count: settings.agents.count,
            buyers: [])
        let party = try await AgentParty.gather(
            settings.agents, secret: settings.agentSecret, assignment, buyers: buyers, on: group)
        display.note("\(settings.agents.count) agents are ready")
        return party
    }

    /// Opens the sale and lets the first buyer in: a sale opened in Postgres reaches the fast gate a moment later, and
    /// the measured load must not begin before that. The first buyer knocks until the door is open; the order counts in
    /// the audit, not in the latencies.
    func openDoor(
        _ crowd: Crowd, _ admin: AdminClient?, _ event: EventID?, deadline: Instant
    ) async throws -> WatchedOrder? {
        try await crowd.waitForConnections(scenario.traffic, within: .seconds(20))
        if let admin, let event {
            try await admin.openSale(event)
            let limit = ContinuousClock.now + .seconds(30)
            while try await admin.event(event).saleState != SaleState.open.rawValue {
                guard ContinuousClock.now < limit else {
                    throw LoadTestError(.deadline, "the sale was opened but the event does not say so")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        let first = Arrival(
            number: 0, journey: Arrival.noJourney, buyer: 0, quantity: 1,
            paymentMethod: scenario.journeys.first { $0.buys }?.paymentMethod ?? "pm_accepted", offset: 0)
        try await crowd.run([first], wave: 0, at: BuyerLoop.now(), deadline: deadline)
        var state: Purchase.State?
        for buyerLoop in crowd.buyerLoops {
            state = try await buyerLoop.purchases().first { $0.wave == 0 }?.state ?? state
        }
        switch state {
        case .ended(let status): display.note("the sale is open; the first order is \(status.rawValue)")
        case .refused("sold_out"): display.note("the sale is open and sold out")
        case let state:
            // Everybody else would be told the same, and an audit of nothing would find nothing wrong.
            throw LoadTestError(
                .unexpectedReply, "the first purchase came to nothing: \(state.map { "\($0)" } ?? "none")")
        }
        return try await crowd.watchedOrder(of: 0)
    }

    /// The load, sent by this process.
    func measure(
        _ plan: ArrivalPlan, by crowd: Crowd, _ watched: WatchedOrder?, deadline: Instant
    ) async throws -> MeasuredLoad {
        let before = ProcessUsage.now()
        let (start, startedAt) = beginning(after: Crowd.lead(before: plan.arrivals.count))
        try await display.following(plan, since: start, { LiveSample(try await crowd.record()) }) {
            try await crowd.run(plan.arrivals, wave: 1, at: start, deadline: deadline, watching: watched)
        }
        let seconds = WaveFigures.seconds(BuyerLoop.now() - start)
        let record = try await crowd.record()
        let usage = ProcessUsage.now()
        try await crowd.look(rereads: settings.rereadOrders, deadline: deadline)
        return MeasuredLoad(
            startedAt: startedAt, start: start, seconds: seconds,
            generator: GeneratorRecord(
                record, cpuSeconds: usage.cpuSeconds - before.cpuSeconds, peakMemory: usage.peakMemory,
                lostRequests: try await crowd.lostRequests(), loops: scenario.traffic.threads, processes: 1))
    }

    /// The load, sent by agents: begun at one instant on all their clocks.
    func measure(
        _ plan: ArrivalPlan, by party: AgentParty, _ watched: WatchedOrder?, deadline: Instant
    ) async throws -> MeasuredLoad {
        let (start, startedAt) = beginning(after: AgentParty.lead + Crowd.lead(before: plan.arrivals.count))
        let results = try await display.following(plan, since: start, { try await party.sample() }) {
            try await party.run(at: start, deadline: deadline, watching: watched)
        }
        var chapter = HistoryChapter()
        var record = LoadRecord()
        for result in results {
            chapter.append(result.chapter)
            record.merge(result.summary.record)
        }
        let summaries = results.map(\.summary)
        return MeasuredLoad(
            startedAt: startedAt, start: start, seconds: summaries.map(\.seconds).max() ?? 0, chapter: chapter,
            generator: GeneratorRecord(
                record, cpuSeconds: summaries.lazy.map(\.cpuSeconds).reduce(0, +),
                peakMemory: summaries.lazy.map(\.peakMemory).max() ?? 0,
                lostRequests: summaries.lazy.map(\.lostRequests).reduce(0, +),
                loops: scenario.traffic.threads * results.count, processes: results.count))
    }

    private func beginning(after lead: Duration) -> (start: Instant, startedAt: Date) {
        (BuyerLoop.now() + lead.nanoseconds, Date(timeIntervalSinceNow: lead / .seconds(1)))
    }
}
