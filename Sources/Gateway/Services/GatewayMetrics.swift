import CoreMetrics
import InventoryStore
import Ticketing

/// The gateway's own metrics, made once.
struct GatewayMetrics: Sendable {
    let purchasesAccepted: Counter
    let purchasesReplayed: Counter
    let soldOutCacheAnswers: Counter
    private let purchasesRefused: [ProblemCode: Counter]
    private let polls: [PollResult: Counter]
    private let backlogs: [Partition: Gauge]
    private let reservations: [ReservationResult: Timer]

    /// What an order poll came to.
    enum PollResult: String, CaseIterable {
        case pending, final, notModified = "not_modified", refused
    }

    /// What a call of the reservation script came to.
    enum ReservationResult: String, CaseIterable {
        case accepted, replayed, refused, asked, failed

        init(_ outcome: ReservationOutcome) {
            self =
                switch outcome {
                case .accepted: .accepted
                case .replay: .replayed
                case .refused: .refused
                case .ask: .asked
                }
        }
    }

    init(partitioning: Partitioning, factory: any MetricsFactory) {
        purchasesAccepted = Counter(label: "onsale_purchases_accepted", factory: factory)
        purchasesReplayed = Counter(label: "onsale_purchases_replayed", factory: factory)
        soldOutCacheAnswers = Counter(label: "onsale_sold_out_cache_answers", factory: factory)
        purchasesRefused = Dictionary(
            uniqueKeysWithValues: ProblemCode.allCases.map {
                ($0, Counter(label: "onsale_purchases_refused", dimensions: [("code", $0.rawValue)], factory: factory))
            })
        polls = Dictionary(
            uniqueKeysWithValues: PollResult.allCases.map {
                ($0, Counter(label: "onsale_order_polls", dimensions: [("result", $0.rawValue)], factory: factory))
            })
        backlogs = Dictionary(
            uniqueKeysWithValues: partitioning.all.map {
                ($0, Gauge(label: "onsale_backlog", dimensions: [("partition", "\($0.number)")], factory: factory))
            })
        reservations = Dictionary(
            uniqueKeysWithValues: ReservationResult.allCases.map {
                (
                    $0,
                    Timer(
                        label: "onsale_reserve_duration_seconds", dimensions: [("outcome", $0.rawValue)],
                        factory: factory)
                )
            })
    }

    func purchaseRefused(_ code: ProblemCode) { purchasesRefused[code]?.increment() }

    func reserved(_ result: ReservationResult, nanoseconds: Int64) {
        reservations[result]?.recordNanoseconds(nanoseconds)
    }

    func polled(_ result: PollResult) { polls[result]?.increment() }

    func backlog(_ count: Int64, of partition: Partition) { backlogs[partition]?.record(count) }
}
