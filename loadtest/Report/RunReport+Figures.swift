import Foundation
import Ticketing

extension RunReport {
    /// Puts the figures of a run together.
    init(
        settings: OnSaleSettings, load: MeasuredLoad, leftover: Leftover, history: SaleHistory,
        snapshot: SaleSnapshot, lostRequests: Int, violations: [Violation]
    ) {
        let figures = WaveFigures(history.purchases)
        let record = load.record
        let usage = ProcessUsage.now()
        self.eventId = history.event.description
        self.load = Load(
            tickets: history.capacity, buyers: settings.buyers, purchases: load.plans.count,
            ticketsWanted: load.plans.lazy.map(\.quantity).reduce(0, +), intendedRate: settings.intendedRate,
            connections: settings.connections, pollConnections: settings.pollConnections, seed: settings.seed)
        self.accepted = figures.accepted
        self.acceptedPerSecond = WaveFigures.rate(figures.accepted, figures.acceptSeconds).rounded(toPlaces: 1)
        self.acceptedEachSecond = figures.acceptedEachSecond
        self.startedAt = (load.startedAt.timeIntervalSince1970).rounded(toPlaces: 3)
        self.confirmed = figures.confirmed
        self.confirmedPerSecond = WaveFigures.rate(figures.confirmed, figures.confirmSeconds).rounded(toPlaces: 1)
        self.cancelled = figures.cancelled
        self.refusedByCode = figures.refusedByCode
        self.refusedPerSecondByCode = figures.refusedByCode.mapValues {
            WaveFigures.rate($0, figures.refuseSeconds).rounded(toPlaces: 1)
        }
        self.retriedByCode = record.busyByCode
        self.abandonedByCode = figures.abandonedByCode
        self.unresolved = figures.unresolved
        self.polls = record.polls
        self.pollsPerSecond = WaveFigures.rate(record.polls, load.seconds).rounded(toPlaces: 1)
        self.pollsNotModified = record.notModified
        self.pollsMissing = record.ordersMissing
        self.ordersRecovered = record.ordersRecovered
        self.secondsToSellOut = WaveFigures.secondsToSellOut(history.purchases, capacity: history.capacity)?
            .rounded(toPlaces: 3)
        self.acceptLatency = LatencySummary(record.accept)
        self.refuseLatency = LatencySummary(record.refuse)
        self.settleLatency = LatencySummary(record.settle)
        self.generator = Generator(
            lateSends: record.lateSends, worstLatenessMs: (Double(record.worstLateness) / 1e6).rounded(toPlaces: 1),
            heldBack: record.heldBack, cpuSeconds: usage.cpuSeconds.rounded(toPlaces: 2),
            cpuCores: (load.cpuSeconds / max(load.seconds, 0.001)).rounded(toPlaces: 3),
            peakMemoryMB: (Double(usage.peakMemory) / 1e6).rounded(toPlaces: 1), lostRequests: lostRequests,
            purchaseRetries: record.purchaseRetries)
        self.leftover = leftover
        self.ticketsSold = snapshot.soldUnits
        self.keysReplayed = history.replays.count
        self.violations = violations
    }
}
