import Foundation
import NIOCore
import Ticketing

/// What follows the measured load: tickets that came back are sold, keys are sent again, and the books come to rest.
struct Aftermath: Sendable {
    /// Rounds in a row in which nothing could be bought although the ledger shows stock. Returned stock must be on sale
    /// within a second (pitfall P18); ten rounds a quarter of a second apart leave room for that.
    private static let fruitlessRounds = 10
    private static let roundPause = Duration.milliseconds(250)

    let settings: OnSaleSettings
    let stage: SaleStage
    let admin: AdminClient
    let client: RequestClient
    let progress: ProgressLine

    /// Lets buyers who were told `sold_out` try for one ticket each, under new keys, until the event is sold out to the
    /// last ticket or nobody is left.
    func sellLeftover(deadline: Instant, using generator: inout SeededGenerator) async throws -> RunReport.Leftover {
        var leftover = RunReport.Leftover()
        var fruitless = 0
        while fruitless < Self.fruitlessRounds, BuyerLoop.now() < deadline {
            let waiting = try await stage.history().buyersLeftWaiting
            leftover.buyersLeftWaiting = waiting.count
            guard !waiting.isEmpty else { break }
            let ledger = try await ledgerAtRest(within: .nanoseconds(max(0, deadline - BuyerLoop.now())))
            let available = ledger.redis?.available ?? ledger.postgres.available
            guard available > 0 else { break }
            leftover.rounds += 1
            let sold = try await round(
                number: leftover.rounds, buyers: waiting.sorted().prefix(available), deadline: deadline,
                using: &generator)
            leftover.purchases += min(available, waiting.count)
            leftover.ticketsSold += sold
            fruitless = sold == 0 ? fruitless + 1 : 0
            if sold == 0 { try await Task.sleep(for: Self.roundPause) }
        }
        return leftover
    }

    private func round(
        number: Int, buyers: some Collection<Int>, deadline: Instant, using generator: inout SeededGenerator
    ) async throws -> Int {
        var demand = settings.demand
        demand.maximumQuantity = 1
        demand.declinePercent = 0
        demand.schedule = .uniform(rate: settings.intendedRate)
        let plans = demand.plan(for: buyers, using: &generator)
        // Wave 1 is the measured load.
        let wave = number + 1
        progress.note("\(plans.count) tickets are left; that many buyers who were refused try again")
        try await stage.run(plans, wave: wave, at: BuyerLoop.now(), deadline: deadline)
        return try await stage.purchases().lazy.filter { $0.wave == wave && $0.state == .ended(.confirmed) }.count
    }

    /// Sends a sample of accepted keys again.
    func replayKeys(using generator: inout SeededGenerator) async throws -> [KeyReplay] {
        let replayer = KeyReplayer(
            client: client, event: stage.event, limitPerBuyer: stage.limitPerBuyer,
            deadline: .now() + .nanoseconds(settings.restTimeout.nanoseconds))
        let accepted = try await stage.purchases().filter(\.wasAccepted)
        var replays: [KeyReplay] = []
        for purchase in accepted.shuffled(using: &generator).prefix(settings.replayedKeys) {
            if let replay = try await replayer.replay(purchase, token: stage.buyers[purchase.buyer].token) {
                replays.append(replay)
            }
        }
        return replays
    }

    /// Waits until the ledger is balanced with nothing on its way; gives back the last one seen when that does not
    /// happen in time, for the audit to judge.
    func ledgerAtRest(within limit: Duration) async throws -> Ledger {
        let end = ContinuousClock.now + limit
        while true {
            let ledger = try await admin.ledger(stage.event)
            if ledger.isAtRest || ContinuousClock.now >= end { return ledger }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
