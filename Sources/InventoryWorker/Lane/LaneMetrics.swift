import CoreMetrics
import Ticketing

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
    /// Entries moved to the dead stream.
    let dead: Counter
    let confirmed: Counter
    let cancelled: Counter
    let chargeFailures: Counter
    /// Attempts to settle an order that Postgres refused: a person should look.
    let unsettled: Counter
    let backlog: Gauge
    let inFlight: Gauge
    private let owned: Gauge
    private let epoch: Gauge
    private let heartbeat: Gauge

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
        dead = Counter(label: "onsale_dead_letters_total", dimensions: labels)
        confirmed = Counter(label: "onsale_orders_confirmed_total", dimensions: labels)
        cancelled = Counter(label: "onsale_orders_cancelled_total", dimensions: labels)
        chargeFailures = Counter(label: "onsale_charge_failures_total", dimensions: labels)
        unsettled = Counter(label: "onsale_settlements_refused_total", dimensions: labels)
        backlog = Gauge(label: "onsale_lane_backlog", dimensions: labels)
        owned = Gauge(label: "onsale_lane_owned", dimensions: labels)
        inFlight = Gauge(label: "onsale_charges_in_flight", dimensions: labels)
        epoch = Gauge(label: "onsale_lane_epoch", dimensions: labels)
        heartbeat = Gauge(label: "onsale_lane_heartbeat_timestamp_seconds", dimensions: labels)
    }

    func hold(_ lease: Lease) {
        owned.record(1)
        epoch.record(lease.epoch)
    }

    /// The lane has seen to its upkeep.
    /// - Parameter now: Milliseconds since 1970.
    func beat(at now: Int64) { heartbeat.record(Double(now) / 1_000) }

    /// Another worker has the lane, or none: says nothing of it any more.
    func release() {
        for gauge in [owned, epoch, heartbeat, backlog, inFlight] { gauge.record(0) }
    }
}
