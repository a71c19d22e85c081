import Foundation
import NIOCore
import Ticketing

/// What follows the measured load: tickets that came back are sold, keys are sent again, and the books come to rest.
struct Aftermath: Sendable {
    /// Rounds in a row in which nothing could be bought although the ledger shows stock. Returned stock must be on sale
    /// within a second (pitfall P18); ten rounds a quarter of a second apart leave room for that.
    private static let fruitlessRounds = 10
    private static let roundPause = Duration.milliseconds(250)

    let settings: RunSettings
    let event: EventID
    let limitPerBuyer: Int
    let buyers: [Buyer]
    let crowd: Crowd
    let admin: AdminClient
    let client: RequestClient
    let display: LiveDisplay
    /// Everything that was done so far.
    let history: @Sendable () async throws -> SaleHistory

    /// Lets buyers who were told `sold_out` try for one ticket each, under new keys, until the event is sold out to the
    /// last ticket or nobody is left.
    func sellLeftover(
        deadline: Instant, rate: Double, using generator: inout SeededGenerator
    ) async throws -> Leftover {
        var leftover = Leftover()
        var fruitless = 0
        while fruitless < Self.fruitlessRounds, BuyerLoop.now() < deadline {
            let history = try await history()
            let waiting = history.buyersLeftWaiting
            leftover.buyersLeftWaiting = waiting.count
            guard !waiting.isEmpty else { break }
            let ledger = try await ledgerAtRest(within: .nanoseconds(max(0, deadline - BuyerLoop.now())))
            let available = ledger.redis?.available ?? ledger.postgres.available
            guard available > 0 else { break }
            leftover.rounds += 1
            let demand = Demand(schedule: .uniform(rate: rate), maximumQuantity: 1, paymentMethod: "pm_accepted")
            // Wave 1 is the measured load.
            let wave = leftover.rounds + 1
            let arrivals = demand.arrivals(
                of: waiting.sorted().prefix(available), from: (history.visits.last?.number ?? 0) + 1,
                using: &generator)
            display.note("\(arrivals.count) tickets are left; that many buyers who were refused try again")
            let start = BuyerLoop.now() + Crowd.lead(before: arrivals.count).nanoseconds
            try await crowd.run(arrivals, wave: wave, at: start, deadline: deadline)
            let sold = try await self.history().purchases.lazy
                .filter { $0.wave == wave && $0.state == .ended(.confirmed) }.count
            leftover.purchases += arrivals.count
            leftover.ticketsSold += sold
            fruitless = sold == 0 ? fruitless + 1 : 0
            if sold == 0 { try await Task.sleep(for: Self.roundPause) }
        }
        return leftover
    }

    /// Sends a sample of accepted keys again.
    func replayKeys(using generator: inout SeededGenerator) async throws -> [KeyReplay] {
        let replayer = KeyReplayer(
            client: client, event: event, limitPerBuyer: limitPerBuyer,
            deadline: .now() + .nanoseconds(settings.restTimeout.nanoseconds))
        let accepted = try await history().purchases.filter(\.wasAccepted)
        var replays: [KeyReplay] = []
        for purchase in accepted.shuffled(using: &generator).prefix(settings.replayedKeys) {
            if let replay = try await replayer.replay(purchase, token: buyers[purchase.buyer].token) {
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
            let ledger = try await admin.ledger(event)
            if ledger.isAtRest || ContinuousClock.now >= end { return ledger }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
