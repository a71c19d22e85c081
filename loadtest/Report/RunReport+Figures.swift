import Foundation
import Histogram
import Ticketing

extension RunReport {
    /// Puts the figures of a run together; from its record alone, so that a stored one gives the same.
    init(_ record: RunRecord) {
        let header = record.header
        let history = record.history
        let figures = WaveFigures(history.purchases)
        let counts = OperationCounts(history)
        let book = LatencyBook(history, journeys: header.scenario.journeys)
        let audit = Invariant.audit(history, record.snapshot)
        let measured = history.visits.lazy.filter { $0.wave == 1 }.count
        self.name = header.scenario.name
        self.target = header.target
        self.addresses = header.addresses
        self.environment = header.environment
        self.eventId = history.event?.description ?? ""
        self.invalidBecause = header.generator.faults(planned: measured)
        if history.droppedOperations > 0 {
            invalidBecause.append("\(history.droppedOperations) operations were too many to be kept")
        }
        self.valid = invalidBecause.isEmpty
        self.load = Load(
            tickets: history.capacity, buyers: history.buyers.count, visits: measured,
            purchases: history.purchases.lazy.filter { $0.wave == 1 }.count, ticketsWanted: header.ticketsWanted,
            intendedRate: header.intendedRate.rounded(toPlaces: 1),
            connections: header.scenario.traffic.connections * header.generator.processes,
            pollConnections: header.scenario.traffic.pollConnections * header.generator.processes,
            seed: header.scenario.seed)
        self.journeys = Self.journeys(history, header.scenario.journeys)
        self.accepted = figures.accepted
        self.acceptedPerSecond = WaveFigures.rate(figures.accepted, figures.acceptSeconds).rounded(toPlaces: 1)
        self.acceptedEachSecond = figures.acceptedEachSecond
        self.startedAt = header.startedAt.rounded(toPlaces: 3)
        self.seconds = header.seconds.rounded(toPlaces: 3)
        self.confirmed = figures.confirmed
        self.confirmedPerSecond = WaveFigures.rate(figures.confirmed, figures.confirmSeconds).rounded(toPlaces: 1)
        self.cancelled = figures.cancelled
        self.refusedByCode = figures.refusedByCode
        self.refusedPerSecondByCode = figures.refusedByCode.mapValues {
            WaveFigures.rate($0, figures.refuseSeconds).rounded(toPlaces: 1)
        }
        self.retriedByCode = counts.laterByCode
        self.abandonedByCode = figures.abandonedByCode
        self.unresolved = figures.unresolved
        self.polls = counts.polls
        self.pollsPerSecond = WaveFigures.rate(counts.polls, header.seconds).rounded(toPlaces: 1)
        self.pollsNotModified = counts.notModified
        self.pollsMissing = counts.missing
        self.ordersRecovered = counts.recovered
        self.secondsToSellOut = WaveFigures.secondsToSellOut(
            history.purchases, capacity: history.capacity - history.earlierUnits)?.rounded(toPlaces: 3)
        self.acceptLatency = LatencySummary(book[.accept].corrected)
        self.refuseLatency = LatencySummary(book[.refuse].corrected)
        self.settleLatency = LatencySummary(book[.settle].corrected)
        self.latencies = Dictionary(
            uniqueKeysWithValues: book.recorded.map { ($0.rawValue, SeriesSummary(book[$0])) })
        self.timeline = Timeline(history, start: header.start)
        self.fairness = Fairness(history.purchases)
        self.generator = header.generator
        self.generatorCores = (header.generator.cpuSeconds / max(header.seconds, 0.001)).rounded(toPlaces: 3)
        self.leftover = header.leftover
        self.ticketsSold =
            record.snapshot?.soldUnits
            ?? history.purchases.lazy.filter { $0.state == .ended(.confirmed) }.map(\.quantity).reduce(0, +)
        self.keysReplayed = history.replays.count
        self.operations = history.operations.count
        self.audit = Audit(judged: audit.judged, notJudged: audit.notJudged)
        self.violations = audit.violations
        self.thresholds = []
        self.thresholds = header.scenario.thresholds.map { threshold in
            ThresholdResult(threshold, measured: value(of: threshold.metric, in: book))
        }
    }

    private static func journeys(_ history: SaleHistory, _ journeys: [Journey]) -> [JourneyCount] {
        var counts = journeys.map { JourneyCount(journey: $0.name) }
        var byVisit: [Int: Int] = [:]
        for visit in history.visits where visit.wave == 1 && counts.indices.contains(visit.journey) {
            counts[visit.journey].visits += 1
            byVisit[visit.number] = visit.journey
        }
        for purchase in history.purchases {
            guard let journey = byVisit[purchase.visit.number] else { continue }
            if purchase.wasAccepted { counts[journey].accepted += 1 }
            if purchase.state == .ended(.confirmed) { counts[journey].confirmed += 1 }
            if case .refused = purchase.state { counts[journey].refused += 1 }
        }
        for operation in history.operations {
            guard let journey = byVisit[operation.visit] else { continue }
            counts[journey].requests += 1
            if operation.outcome != .unknown { counts[journey].answered += 1 }
        }
        return counts
    }

    /// nil when nothing of the kind was measured.
    private func value(of metric: Threshold.Metric, in book: LatencyBook) -> Double? {
        switch metric {
        case .percentile(let percent, let series, let corrected):
            let histogram = corrected ? book[series].corrected : book[series].uncorrected
            guard histogram.totalCount > 0 else { return nil }
            return Double(percent == 100 ? histogram.max : histogram.valueAtPercentile(percent)) / 1000
        case .mean(let series, let corrected):
            let histogram = corrected ? book[series].corrected : book[series].uncorrected
            return histogram.totalCount > 0 ? histogram.mean / 1000 : nil
        case .figure(let figure): return value(of: figure)
        }
    }

    private func value(of figure: Threshold.Figure) -> Double? {
        switch figure {
        case .violations: Double(violations.count)
        case .accepted: Double(accepted)
        case .confirmed: Double(confirmed)
        case .cancelled: Double(cancelled)
        case .refused: Double(refusedByCode.values.reduce(0, +))
        case .unresolved: Double(unresolved)
        case .sold: Double(ticketsSold)
        case .retries: Double(generator.purchaseRetries)
        case .acceptedRate: acceptedPerSecond
        case .confirmedRate: confirmedPerSecond
        case .refusedRate: refusedPerSecondByCode.values.reduce(0, +)
        case .lateSends: Double(generator.lateSends + generator.starved)
        case .lostRequests: Double(generator.lostRequests)
        case .soldOutAfter: secondsToSellOut
        }
    }
}
