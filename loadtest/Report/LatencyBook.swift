import Histogram

/// What a latency is of.
enum LatencySeries: String, CaseIterable, Codable, Sendable {
    /// A purchase until its 202.
    case accept
    /// A purchase until its definite refusal.
    case refuse
    /// From the 202 to the answer that shows the final state.
    case settle
    /// A reading by the journey `poll`.
    case poll
    case browse
    case logIn = "log-in"

    /// Its place in `allCases`.
    var index: Int {
        switch self {
        case .accept: 0
        case .refuse: 1
        case .settle: 2
        case .poll: 3
        case .browse: 4
        case .logIn: 5
        }
    }
}

/// One kind of answer, in microseconds, measured in both ways.
struct LatencyPair: Codable, Sendable {
    /// Ten minutes: above any deadline of a run.
    private static let highest: UInt64 = 600_000_000

    /// From when the request should have been sent: what the visitor waited.
    private(set) var corrected = Histogram<UInt64>(highestTrackableValue: LatencyPair.highest)
    /// From when it was written to a connection: what most tools show. A stalled server makes few requests slow by this
    /// measure, as those that wait for it are not sent (pitfall P27, coordinated omission).
    private(set) var uncorrected = Histogram<UInt64>(highestTrackableValue: LatencyPair.highest)

    mutating func record(sinceIntended: Instant, sinceSent: Instant) {
        corrected.record(min(UInt64(max(0, sinceIntended / 1000)), Self.highest))
        uncorrected.record(min(UInt64(max(0, sinceSent / 1000)), Self.highest))
    }

    mutating func merge(_ other: LatencyPair) {
        corrected.add(other.corrected)
        uncorrected.add(other.uncorrected)
    }
}

/// All latencies of a loop, a process or a run. Books add up exactly: the merged one is that of one loop which saw
/// everything.
struct LatencyBook: Codable, Sendable {
    /// In the order of `LatencySeries.allCases`: each answer is recorded, and a dictionary's hash costs more than that.
    private var pairs = [LatencyPair?](repeating: nil, count: LatencySeries.allCases.count)

    subscript(_ series: LatencySeries) -> LatencyPair { pairs[series.index] ?? LatencyPair() }

    /// Series with at least one value.
    var recorded: [LatencySeries] { LatencySeries.allCases.filter { pairs[$0.index] != nil } }

    mutating func record(_ series: LatencySeries, sinceIntended: Instant, sinceSent: Instant) {
        if pairs[series.index] == nil { pairs[series.index] = LatencyPair() }
        pairs[series.index]?.record(sinceIntended: sinceIntended, sinceSent: sinceSent)
    }

    mutating func merge(_ other: LatencyBook) {
        for (index, pair) in other.pairs.enumerated() {
            guard let pair else { continue }
            if pairs[index] == nil { pairs[index] = pair } else { pairs[index]?.merge(pair) }
        }
    }
}

extension LatencyBook {
    /// The latencies of a history's measured wave: the same as its loops have counted.
    init(_ history: SaleHistory, journeys: [Journey]) {
        let measured = Dictionary(
            history.visits.lazy.filter { $0.wave == 1 }.map { ($0.number, $0) }, uniquingKeysWith: { own, _ in own })
        for operation in history.operations {
            guard let visit = measured[operation.visit], let end = operation.completedAt else { continue }
            let series: LatencySeries
            switch (operation.kind, operation.outcome) {
            case (.purchase, .ok): series = .accept
            case (.purchase, .refused): series = .refuse
            case (.poll, _) where visit.quantity == 0 && operation.wasAnswered: series = .poll
            case (.browse, _) where operation.wasAnswered: series = .browse
            case (.logIn, _) where operation.wasAnswered: series = .logIn
            default: continue
            }
            let since = visit.quantity > 0 ? visit.intendedAt : operation.dueAt
            record(series, sinceIntended: end - since, sinceSent: end - operation.invokedAt)
        }
        for purchase in history.purchases where purchase.wave == 1 {
            let follows =
                journeys.indices.contains(purchase.visit.journey)
                ? journeys[purchase.visit.journey].follows : true
            guard follows, case .ended = purchase.state, let accepted = purchase.acceptedAt,
                let ended = purchase.endedAt
            else { continue }
            record(.settle, sinceIntended: ended - accepted, sinceSent: ended - accepted)
        }
    }
}
