import ArgumentParser

/// A rule that is broken on purpose, to see that a run reports it. Named by the pitfall that it brings back.
enum Control: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// The stock falls before the other checks, and stays down when one of them refuses.
    case stockBeforeChecks = "P1"
    /// Reserving and queueing are two calls.
    case reserveThenQueue = "P2"
    /// Entries are acknowledged when they are read, before they are committed.
    case acknowledgeFirst = "P9"
    /// Postgres takes writes under a lease that was lost.
    case fenceIgnored = "P11"
    /// The stream is trimmed by length.
    case streamTrimmed = "P13"
    /// The counter moves by the batch's size, not by the rows that were inserted.
    case counterByBatch = "P15"

    /// What a run may report: a broken rule shows at once, or by what comes of it.
    var invariants: Set<Invariant> {
        switch self {
        case .stockBeforeChecks: [.i14]
        case .reserveThenQueue: [.i2, .i4]
        case .acknowledgeFirst, .streamTrimmed: [.i15]
        case .fenceIgnored: [.i12]
        case .counterByBatch: [.i2]
        }
    }
}
