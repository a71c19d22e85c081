import Histogram
import Ticketing

/// A run in slices of time, from the first intended send on.
struct Timeline: Codable, Equatable, Sendable {
    struct Slice: Codable, Equatable, Sendable {
        /// Begin, in seconds.
        var second = 0.0
        /// Visits that should have begun, and visits that did.
        var intended = 0
        var sent = 0
        var accepted = 0
        var confirmed = 0
        var cancelled = 0
        /// Definite refusals by code, and looks and log-ins that were answered well.
        var refusedByCode: [String: Int] = [:]
        var later = 0
        var served = 0
        /// At the slice's end: visits begun and not over, orders accepted and not final, and tickets that nobody was
        /// promised.
        var underWay = 0
        var backlog = 0
        var stock: Int?
        /// Milliseconds from the intended send to the first definite answer, by when it was intended; nil without any.
        var p50Ms: Double?
        var p99Ms: Double?
        var maxMs: Double?
        /// The same from when it was written to a connection.
        var uncorrectedP99Ms: Double?
    }

    /// Seconds of a slice.
    let width: Double
    private(set) var slices: [Slice]

    /// Widths to choose from, and how many slices a plot can show.
    private static let widths = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60]
    private static let mostSlices = 120.0

    init(_ history: SaleHistory, start: Instant) {
        let measured = MeasuredVisits(history)
        let early = history.visits.filter { $0.wave < 1 }
        let earlyNumbers = Set(early.lazy.map(\.number))
        let ends = history.operations.lazy
            .filter { measured.index[$0.visit] != nil || earlyNumbers.contains($0.visit) }
            .map { $0.completedAt ?? $0.invokedAt }
        let intended = (measured.visits.lazy.map(\.intendedAt).max(), early.lazy.map(\.intendedAt).max())
        let last = max(ends.max() ?? start, intended.0 ?? start, intended.1 ?? start)
        let seconds = max(0.001, Double(last - start) / 1e9)
        self.width = Self.widths.first { seconds / $0 <= Self.mostSlices } ?? (seconds / Self.mostSlices).rounded(.up)
        let width = self.width
        let count = Int(seconds / width) + 1
        self.slices = (0..<count).map { Slice(second: (Double($0) * width).rounded(toPlaces: 3)) }
        var tally = Tally(slices: slices, start: start, width: width)
        tally.count(history, measured)
        self.slices = tally.finished(capacity: history.capacity)
    }

    /// The visits of the plan, and which of them a number names: looked up once an operation, of which there are millions.
    private struct MeasuredVisits {
        let visits: [Visit]
        let index: [Int: Int]

        init(_ history: SaleHistory) {
            let visits = history.visits.filter { $0.wave == 1 }
            self.visits = visits
            self.index = Dictionary(
                visits.indices.lazy.map { (visits[$0].number, $0) }, uniquingKeysWith: { own, _ in own })
        }
    }

    /// Counts events into slices; levels are sums of what went in and out before.
    private struct Tally {
        var slices: [Slice]
        let start: Instant
        let width: Double
        private var underWay: [Int]
        private var backlog: [Int]
        private var units: [Int]
        private var latencies: [LatencyPair?]

        init(slices: [Slice], start: Instant, width: Double) {
            self.slices = slices
            self.start = start
            self.width = width
            self.underWay = Array(repeating: 0, count: slices.count)
            self.backlog = underWay
            self.units = underWay
            self.latencies = Array(repeating: nil, count: slices.count)
        }

        private func place(_ time: Instant) -> Int {
            min(slices.count - 1, max(0, Int(Double(time - start) / 1e9 / width)))
        }

        mutating func count(_ history: SaleHistory, _ measured: MeasuredVisits) {
            for visit in measured.visits { slices[place(visit.intendedAt)].intended += 1 }
            var hasBegun = Array(repeating: false, count: measured.visits.count)
            var ended: [Instant?] = Array(repeating: nil, count: measured.visits.count)
            for operation in history.operations {
                guard let index = measured.index[operation.visit] else { continue }
                if !hasBegun[index] {
                    hasBegun[index] = true
                    slices[place(operation.invokedAt)].sent += 1
                    underWay[place(operation.invokedAt)] += 1
                }
                let visit = measured.visits[index]
                note(operation, of: visit)
                if visit.quantity == 0 { ended[index] = operation.completedAt ?? operation.invokedAt }
            }
            for purchase in history.purchases where purchase.wave <= 1 {
                note(purchase)
                guard let time = purchase.endedAt, let index = measured.index[purchase.visit.number], hasBegun[index]
                else { continue }
                ended[index] = time
            }
            for time in ended.lazy.compactMap(\.self) { underWay[place(time)] -= 1 }
        }

        private mutating func note(_ operation: Operation, of visit: Visit) {
            guard let end = operation.completedAt else { return }
            let slice = place(end)
            switch (operation.kind, operation.outcome) {
            case (.purchase, .later): slices[slice].later += 1
            case (.purchase, .refused): slices[slice].refusedByCode[operation.code ?? "", default: 0] += 1
            case (.browse, .ok), (.logIn, .ok): slices[slice].served += 1
            case (.poll, .ok) where visit.quantity == 0: slices[slice].served += 1
            default: break
            }
            let isDefinite =
                operation.kind == .purchase
                ? operation.outcome == .ok || operation.outcome == .refused
                : visit.quantity == 0 && operation.wasAnswered
            guard isDefinite else { return }
            let since = visit.quantity > 0 ? visit.intendedAt : operation.dueAt
            var pair = latencies[place(since)].take() ?? LatencyPair()
            pair.record(sinceIntended: end - since, sinceSent: end - operation.invokedAt)
            latencies[place(since)] = pair
        }

        private mutating func note(_ purchase: Purchase) {
            if let time = purchase.acceptedAt {
                if purchase.wave == 1 { slices[place(time)].accepted += 1 }
                backlog[place(time)] += 1
                units[place(time)] += purchase.quantity
            }
            guard let time = purchase.endedAt, case .ended(let status) = purchase.state else { return }
            backlog[place(time)] -= 1
            if status != .confirmed { units[place(time)] -= purchase.quantity }
            guard purchase.wave == 1 else { return }
            if status == .confirmed { slices[place(time)].confirmed += 1 } else { slices[place(time)].cancelled += 1 }
        }

        mutating func finished(capacity: Int) -> [Slice] {
            var levels = (underWay: 0, backlog: 0, units: 0)
            for index in slices.indices {
                levels.underWay += underWay[index]
                levels.backlog += backlog[index]
                levels.units += units[index]
                slices[index].underWay = levels.underWay
                slices[index].backlog = levels.backlog
                if capacity > 0 { slices[index].stock = capacity - levels.units }
                guard let pair = latencies[index] else { continue }
                // Without `LatencySummary`, whose mean takes a tenth of a short run's processor time when it is asked for
                // each slice.
                slices[index].p50Ms = pair.corrected.milliseconds(atPercentile: 50)
                slices[index].p99Ms = pair.corrected.milliseconds(atPercentile: 99)
                slices[index].maxMs = pair.corrected.milliseconds(atPercentile: 100)
                slices[index].uncorrectedP99Ms = pair.uncorrected.milliseconds(atPercentile: 99)
            }
            return slices
        }
    }
}
