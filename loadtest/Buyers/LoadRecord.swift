import Histogram

/// What a loop counts while the load runs. Latencies are of the measured wave only.
struct LoadRecord: Codable, Sendable {
    /// A send this late is the generator's fault and marks the run (pitfall P28).
    static let lateAfter: Instant = 50_000_000

    private(set) var latencies = LatencyBook()

    /// Visits begun, and requests written for them.
    var sent = 0
    var requests = 0
    var accepted = 0
    var confirmed = 0
    var cancelled = 0
    /// Looks and log-ins that were answered as they should be, and those that were not.
    var served = 0
    var unserved = 0
    /// Polls that were answered, and how many of them with 304.
    var polls = 0
    var notModified = 0
    /// Polls for an accepted order that the service did not know.
    var ordersMissing = 0
    /// Orders that the service had lost and took back by their receipts.
    var ordersRecovered = 0
    var purchaseRetries = 0
    /// Definite refusals by code.
    var refusedByCode: [String: Int] = [:]
    /// Temporary refusals that were tried again, by code.
    var busyByCode: [String: Int] = [:]
    /// Visits that the generator itself began more than `lateAfter` after their intended time.
    private(set) var lateSends = 0
    private(set) var worstLateness: Instant = 0
    /// Sends that waited more than `lateAfter` for a free connection: the service's slowness, or too few connections.
    private(set) var heldBack = 0
    /// Those among them whose event loop had no time left meanwhile: the generator's own slowness.
    private(set) var starved = 0
    /// How late the loop's own timers were, in microseconds.
    private(set) var loopLag = Histogram<UInt64>(highestTrackableValue: 60_000_000)

    var refused: Int { refusedByCode.values.reduce(0, +) }

    mutating func began(_ lateness: Instant) {
        sent += 1
        worstLateness = max(worstLateness, lateness)
        if lateness > Self.lateAfter { lateSends += 1 }
    }

    mutating func waitedForConnection(_ time: Instant, isLoopBusy: Bool) {
        guard time > Self.lateAfter else { return }
        heldBack += 1
        if isLoopBusy { starved += 1 }
    }

    mutating func timerLate(by time: Instant) {
        loopLag.record(min(UInt64(max(0, time / 1000)), 60_000_000))
    }

    mutating func answered(_ series: LatencySeries, sinceIntended: Instant, sinceSent: Instant) {
        latencies.record(series, sinceIntended: sinceIntended, sinceSent: sinceSent)
    }

    /// Adds what another loop has counted.
    mutating func merge(_ other: LoadRecord) {
        latencies.merge(other.latencies)
        sent += other.sent
        requests += other.requests
        accepted += other.accepted
        confirmed += other.confirmed
        cancelled += other.cancelled
        served += other.served
        unserved += other.unserved
        polls += other.polls
        notModified += other.notModified
        ordersMissing += other.ordersMissing
        ordersRecovered += other.ordersRecovered
        purchaseRetries += other.purchaseRetries
        refusedByCode.merge(other.refusedByCode, uniquingKeysWith: +)
        busyByCode.merge(other.busyByCode, uniquingKeysWith: +)
        lateSends += other.lateSends
        worstLateness = max(worstLateness, other.worstLateness)
        heldBack += other.heldBack
        starved += other.starved
        loopLag.add(other.loopLag)
    }
}
