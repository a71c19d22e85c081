import Foundation
import NIOCore
import Ticketing

/// One run of a scenario, from the empty event to the record that is judged.
struct ScenarioRun: Sendable {
    let settings: RunSettings
    let group: any EventLoopGroup
    /// nil for targets that are not ours, and for scenarios that need no accounts.
    let backstage: Backstage?
    let display: LiveDisplay

    var scenario: Scenario { settings.scenario }

    func run() async throws -> RunRecord {
        let plan = ArrivalPlan(scenario)
        let client = try await RequestClient.make(on: group.next(), endpoints: settings.endpoints)
        let admin = try await logIn(through: client, for: plan)
        let facts = try await prepareSale(admin)
        let password = scenario.journeys.contains { $0.kind == .logIn } ? UUID().text : nil
        let buyers = try await makeBuyers(plan.buyers, password: password)
        let configuration = BuyerLoop.Configuration(
            target: settings.target, journeys: scenario.journeys, event: facts?.event, password: password ?? "",
            endpoints: settings.endpoints, connections: 1, pollConnections: 1, pollWait: settings.pollWait)
        let crowd = try await Crowd.gather(
            on: group, configuration, traffic: scenario.traffic, buyers: buyers, seed: scenario.seed)
        let party = try await gatherAgents(buyers, facts, password: password)
        let length = settings.timeoutIncludesLoad ? 0 : Instant(plan.seconds * 1e9)
        let lead = Crowd.lead(before: plan.arrivals.count).nanoseconds
        let deadline = BuyerLoop.now() + lead + settings.timeout.nanoseconds + length
        let watched = facts == nil ? nil : try await openDoor(crowd, admin, facts?.event, deadline: deadline)

        let load =
            if let party {
                try await measure(plan, by: party, watched, deadline: deadline)
            } else {
                try await measure(plan, by: crowd, watched, deadline: deadline)
            }
        let history: @Sendable () async throws -> SaleHistory = {
            var chapter = try await crowd.chapter()
            chapter.append(load.chapter)
            return self.history(facts, buyers, chapter)
        }
        var record = RunRecord(header: header(plan, load), history: try await history(), snapshot: nil)
        if let admin, let facts, let event = facts.event, let backstage {
            let aftermath = Aftermath(
                settings: settings, event: event, limitPerBuyer: facts.limitPerBuyer, buyers: buyers, crowd: crowd,
                admin: admin, client: client, display: display, history: history)
            record = try await complete(record, aftermath, backstage, rate: plan.rate, deadline: deadline)
        }
        try await crowd.stop()
        try await party?.leave()
        try await client.stop()
        return record
    }

    /// Sells what is left, sends keys again, and reads the books once they have come to rest.
    private func complete(
        _ record: RunRecord, _ aftermath: Aftermath, _ backstage: Backstage, rate: Double, deadline: Instant
    ) async throws -> RunRecord {
        var record = record
        var generator = SeededGenerator(seed: scenario.seed &+ 1)
        record.header.leftover = try await aftermath.sellLeftover(deadline: deadline, rate: rate, using: &generator)
        let replays = try await aftermath.replayKeys(using: &generator)
        let ledger = try await aftermath.ledgerAtRest(within: settings.restTimeout)
        record.history = try await aftermath.history()
        record.history.replays = replays
        record.snapshot = try await backstage.books.snapshot(of: aftermath.event, ledger: ledger)
        return record
    }

    private func header(_ plan: ArrivalPlan, _ load: MeasuredLoad) -> RunRecord.Header {
        RunRecord.Header(
            scenario: scenario, target: settings.target.name, addresses: settings.endpoints.map(\.authority),
            startedAt: load.startedAt.timeIntervalSince1970, start: load.start, seconds: load.seconds,
            ticketsWanted: plan.ticketsWanted, intendedRate: plan.rate, environment: .current(),
            generator: load.generator)
    }

    private func history(_ facts: SaleFacts?, _ buyers: [Buyer], _ chapter: HistoryChapter) -> SaleHistory {
        var history = SaleHistory(
            event: facts?.event, capacity: facts?.capacity ?? 0, limitPerBuyer: facts?.limitPerBuyer ?? 0,
            buyers: buyers.map(\.id), visits: chapter.visits, purchases: [], operations: chapter.operations,
            earlierOrders: facts?.earlierOrders ?? [], earlierUnits: facts?.earlierUnits ?? 0,
            queueTolerance: .seconds(scenario.queueToleranceSeconds), droppedOperations: chapter.dropped)
        history.conclude(keys: chapter.keys)
        return history
    }
}
