import Foundation
import NIOCore
import Ticketing

/// One flash on-sale from the empty event to the audit.
struct OnSaleScenario: Sendable {
    let settings: OnSaleSettings
    let group: any EventLoopGroup
    let accounts: BuyerAccounts
    let books: SaleBooks
    let progress = ProgressLine()

    func run() async throws -> RunReport {
        let client = try await RequestClient.make(on: group.next(), endpoints: settings.endpoints)
        let allowed = settings.timeout + settings.restTimeout + .seconds(60)
        let admin = try await AdminClient.logIn(
            through: client, email: settings.adminEmail, password: settings.adminPassword,
            deadline: .now() + .nanoseconds(allowed.nanoseconds))
        let stage = try await prepare(admin)
        var generator = SeededGenerator(seed: settings.seed)
        let deadline = BuyerLoop.now() + settings.timeout.nanoseconds
        try await openDoor(stage, admin, deadline: deadline)

        let plans = settings.demand.plan(for: 1..<settings.buyers, using: &generator)
        let before = ProcessUsage.now()
        let startedAt = Date()
        let start = BuyerLoop.now()
        try await reportingProgress(of: stage, since: start) {
            try await stage.run(plans, wave: 1, at: start, deadline: deadline)
        }
        let load = MeasuredLoad(
            startedAt: startedAt, plans: plans, seconds: WaveFigures.seconds(BuyerLoop.now() - start),
            cpuSeconds: ProcessUsage.now().cpuSeconds - before.cpuSeconds, record: try await stage.record())

        let aftermath = Aftermath(settings: settings, stage: stage, admin: admin, client: client, progress: progress)
        let leftover = try await aftermath.sellLeftover(deadline: deadline, using: &generator)
        let replays = try await aftermath.replayKeys(using: &generator)
        let ledger = try await aftermath.ledgerAtRest(within: settings.restTimeout)
        let history = try await stage.history(replays: replays)
        let snapshot = try await books.snapshot(of: stage.event, ledger: ledger)
        let report = RunReport(
            settings: settings, load: load, leftover: leftover, history: history, snapshot: snapshot,
            lostRequests: try await stage.lostRequests(), violations: Invariant.audit(history, snapshot))
        try await stage.stop()
        try await client.stop()
        return report
    }

    private func prepare(_ admin: AdminClient) async throws -> SaleStage {
        var event = settings.event
        if event == nil {
            event = try await admin.createEvent(tickets: settings.tickets, limitPerBuyer: settings.limitPerBuyer)
        }
        guard let event else { throw LoadTestError(.unexpectedReply, "no event") }
        let facts = try await admin.event(event)
        let began = ContinuousClock.now
        let buyers = try await accounts.make(settings.buyers)
        progress.note("\(buyers.count) buyers made in \(ContinuousClock.now - began); event \(event)")
        let count = settings.threads
        var buyerLoops: [BuyerLoopHandle] = []
        for number in 0..<count {
            buyerLoops.append(
                try await BuyerLoopHandle.make(
                    on: group.next(),
                    configuration: BuyerLoop.Configuration(
                        event: event, endpoints: settings.endpoints, connections: max(1, settings.connections / count),
                        pollConnections: max(1, settings.pollConnections / count), pollWait: settings.pollWait),
                    buyers: buyers, seed: settings.seed &+ UInt64(number) &+ 1))
        }
        return SaleStage(
            event: event, capacity: facts.totalTickets, limitPerBuyer: facts.limitPerBuyer, buyers: buyers,
            buyerLoops: buyerLoops,
            earlierOrders: settings.event == nil ? [] : try await books.orderIDs(of: event))
    }

    /// Opens the sale and lets the first buyer in: a sale opened in Postgres reaches the fast gate a moment later, and
    /// the measured load must not begin before that. The first buyer knocks until the door is open; the order counts in
    /// the audit, not in the latencies.
    private func openDoor(_ stage: SaleStage, _ admin: AdminClient, deadline: Instant) async throws {
        try await stage.waitForConnections(
            settings.threads * max(1, settings.connections / settings.threads), within: .seconds(20))
        try await admin.openSale(stage.event)
        let limit = ContinuousClock.now + .seconds(30)
        while try await admin.event(stage.event).saleState != SaleState.open.rawValue {
            guard ContinuousClock.now < limit else {
                throw LoadTestError(.deadline, "the sale was opened but the event does not say so")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let first = PurchasePlan(buyer: 0, quantity: 1, paymentMethod: settings.demand.paymentMethod, offset: 0)
        try await stage.run([first], wave: 0, at: BuyerLoop.now(), deadline: deadline)
        switch try await stage.purchases().first?.state {
        case .ended(let status): progress.note("the sale is open; the first order is \(status.rawValue)")
        case .refused("sold_out"): progress.note("the sale is open and sold out")
        case let state:
            // Everybody else would be told the same, and an audit of nothing would find nothing wrong.
            throw LoadTestError(
                .unexpectedReply, "the first purchase came to nothing: \(state.map { "\($0)" } ?? "none")")
        }
    }

    private func reportingProgress(
        of stage: SaleStage, since start: Instant, _ work: @Sendable @escaping () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Ends when it is cancelled, once the load is over.
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    progress.show(
                        try await stage.record(), seconds: WaveFigures.seconds(BuyerLoop.now() - start))
                }
            }
            try await work()
            group.cancelAll()
            try await group.waitForAll()
        }
        progress.end()
    }
}
