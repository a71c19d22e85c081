import CoreMetrics

/// The metrics of one lane, made once. Names are for Prometheus; `partition` is the only label.
struct LaneMetrics: Sendable {
    /// From acceptance in Redis to COMMIT, seconds, of the oldest intent of each batch.
    let lag: Timer
    let batchSize: Recorder
    let commitDuration: Timer
    let settleDuration: Timer
    let committed: Counter
    let rejected: Counter
    let redelivered: Counter
    let lost: Counter
    let confirmed: Counter
    let cancelled: Counter
    let chargeFailures: Counter
    /// Attempts to settle an order that Postgres refused: a person should look.
    let unsettled: Counter
    let backlog: Gauge
    let owned: Gauge
    let inFlight: Gauge

    init(partition: String) {
        let labels = [("partition", partition)]
        lag = Timer(label: "onsale_lane_lag_seconds", dimensions: labels)
        batchSize = Recorder(label: "onsale_lane_batch_size", dimensions: labels)
        commitDuration = Timer(label: "onsale_lane_commit_seconds", dimensions: labels)
        settleDuration = Timer(label: "onsale_lane_settle_seconds", dimensions: labels)
        committed = Counter(label: "onsale_intents_committed_total", dimensions: labels)
        rejected = Counter(label: "onsale_intents_rejected_total", dimensions: labels)
        redelivered = Counter(label: "onsale_intents_redelivered_total", dimensions: labels)
        lost = Counter(label: "onsale_intents_lost_total", dimensions: labels)
        confirmed = Counter(label: "onsale_orders_confirmed_total", dimensions: labels)
        cancelled = Counter(label: "onsale_orders_cancelled_total", dimensions: labels)
        chargeFailures = Counter(label: "onsale_charge_failures_total", dimensions: labels)
        unsettled = Counter(label: "onsale_settlements_refused_total", dimensions: labels)
        backlog = Gauge(label: "onsale_lane_backlog", dimensions: labels)
        owned = Gauge(label: "onsale_lane_owned", dimensions: labels)
        inFlight = Gauge(label: "onsale_charges_in_flight", dimensions: labels)
    }
}
