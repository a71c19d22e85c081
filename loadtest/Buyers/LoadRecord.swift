import Histogram

/// What a loop counts while the load runs. Latencies are of the measured wave only.
struct LoadRecord: Sendable {
    /// Ten minutes in microseconds: above any deadline of a run.
    private static let highest: UInt64 = 600_000_000
    /// A send this late is the generator's fault and marks the run (pitfall P28).
    static let lateAfter: Instant = 50_000_000

    /// Microseconds from the intended send time to the 202.
    private(set) var accept = Histogram<UInt64>(highestTrackableValue: highest)
    /// Microseconds from the intended send time to a definite refusal.
    private(set) var refuse = Histogram<UInt64>(highestTrackableValue: highest)
    /// Microseconds from the 202 to the answer that shows the final state.
    private(set) var settle = Histogram<UInt64>(highestTrackableValue: highest)

    var sent = 0
    var accepted = 0
    var confirmed = 0
    var cancelled = 0
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
    /// Sends that the generator itself began more than `lateAfter` after their intended time.
    private(set) var lateSends = 0
    private(set) var worstLateness: Instant = 0
    /// Sends that waited more than `lateAfter` for a free connection: the service's slowness, or too few connections.
    private(set) var heldBack = 0

    var refused: Int { refusedByCode.values.reduce(0, +) }

    mutating func began(_ lateness: Instant) {
        sent += 1
        worstLateness = max(worstLateness, lateness)
        if lateness > Self.lateAfter { lateSends += 1 }
    }

    mutating func waitedForConnection(_ time: Instant) {
        if time > Self.lateAfter { heldBack += 1 }
    }

    mutating func accepted(after time: Instant) { accept.record(Self.microseconds(time)) }
    mutating func refused(after time: Instant) { refuse.record(Self.microseconds(time)) }
    mutating func settled(after time: Instant) { settle.record(Self.microseconds(time)) }

    private static func microseconds(_ time: Instant) -> UInt64 { UInt64(max(0, time / 1000)) }

    /// Adds what another loop has counted.
    mutating func merge(_ other: LoadRecord) {
        accept.add(other.accept)
        refuse.add(other.refuse)
        settle.add(other.settle)
        sent += other.sent
        accepted += other.accepted
        confirmed += other.confirmed
        cancelled += other.cancelled
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
    }
}
