package import OnsaleConfiguration

/// The numbers that bound a worker. All are environment variables; none is secret.
package struct WorkerConfiguration: Sendable {
    /// LANE_BATCH_SIZE (default 1,000 intents, 1...10,000): a batch takes Postgres about 25 ms, which is the time a
    /// buyer waits longer for it.
    package var batchSize = 1_000
    /// LANE_LEASE_SECONDS (default 5 s, 1...60 s): how long a partition stands still after its worker was killed. A
    /// batch takes well under a second, so a living lane renews long before.
    package var lease: Duration = .seconds(5)
    /// LANE_TICK (default 200 ms, 10 ms...1 s): how often a lane looks for changes to its events, so that they reach
    /// the buyers within a second.
    package var tick: Duration = .milliseconds(200)
    /// RECOVERY_GRACE (default 2 s, 0...60 s): how long after Redis has lost its memory no stock is loaded, so that
    /// buyers' receipts come before new buyers. Waiting polls are told at once.
    package var recoveryGrace: Duration = .seconds(2)
    /// CHARGES_IN_FLIGHT (default 20,000 orders a lane, 1...1,000,000): charges under way at once, about 1 kB each;
    /// orders beyond that wait on the stream.
    package var chargesInFlight = 20_000
    /// ORDER_HOLD_SECONDS (default 600 s, 1 s...1 day): how long an order may wait for its payment before its tickets
    /// are sold to others.
    package var hold: Duration = .seconds(600)
    /// SHUTDOWN_SECONDS (default 10 s, 0...300 s): how long a stopping worker waits for charges under way.
    package var shutdown: Duration = .seconds(10)
    /// RECONCILE_INTERVAL (default 5 s, 20 ms...1 h): how often Redis is compared with Postgres, each event once. One
    /// comparison holds a lane up for some 3 ms, and 5 ms more when it has suspect buyers to look at.
    package var reconcileInterval: Duration = .seconds(5)
    /// RECONCILE_REPAIR (default true): whether what is found and may be repaired is repaired.
    package var reconcileRepairs = true

    /// A back-off starts here and doubles to the limit, each pause jittered between half and all of it.
    static let backoffBase: Duration = .milliseconds(50)
    static let backoffLimit: Duration = .seconds(2)
    /// How often pending orders that no charge is under way for are looked for in Postgres.
    static let scanInterval: Duration = .seconds(1)
    /// Settled batches that one scan publishes after a worker's death, and pages of pending orders that it looks
    /// through.
    static let leftOverBatches = 100
    static let scanPages = 4
    /// Charges that a lane ends at once because their hold is over: few beside the 1,024 calls that may wait for the
    /// lanes' connections, so that a wave of them, or a provider that is away, leaves room for commits. Five times a
    /// second that is 320 orders.
    static let expiriesInFlight = 64
    /// How long a lane waits for room among the charges: about what a batch of them takes.
    static let fullPause: Duration = .milliseconds(10)
    /// How often the outbox is looked at for messages that are due, and how many are taken at once.
    static let outboxInterval: Duration = .milliseconds(500)
    static let outboxBatch = 100
    /// How often it is counted for the metrics.
    static let outboxLook: Duration = .seconds(5)
    /// How much longer a message stays with the worker that took it than its calls to the provider may take.
    static let outboxMargin: Duration = .seconds(10)
    /// Pauses between a message's attempts double from the first to the last figure, each jittered between half and all
    /// of it; after so many attempts, which is about an hour, each failure is an error that a person should see.
    static let outboxPause: Duration = .seconds(1)
    static let outboxLongestPause: Duration = .seconds(600)
    static let outboxAttempts = 20
    /// What takes long is compared so many intervals after the last time, jittered between half and all of it, of so
    /// many events at a time. After each event comes a rest of so many times as long, and no longer than that pause:
    /// reading 100,000 orders of an event and their buyers takes Postgres about 0.5 s.
    static let sweepRatio = 12
    static let sweepEvents = 20
    static let sweepRest = 50
    /// Order records that are looked at, the last ones that ended, and how long they may take.
    static let sweepRecords = 20_000
    static let recordDelay: Duration = .seconds(10)
    /// Charges of the provider's books that are looked at in one interval, and how long after its hold an order may
    /// still be pending with one.
    static let chargesPage = 1_000
    static let chargeDelay: Duration = .seconds(60)
    /// How often events are looked for that were cancelled, and how many of them are, the last ones first; a year of a
    /// large organiser's.
    static let cancelledInterval: Duration = .seconds(1)
    static let cancelledEvents = 1_000
    /// How long an event rests at most in which nothing was left: looking through 100,000 orders takes Postgres 0.1 s.
    static let longestCancelledPause: Duration = .seconds(300)
    /// Orders of a cancelled event in one transaction: about 20 ms, during which the event's row is locked.
    static let cancelledBatch = 500
    /// Releases taken from the outbox at once.
    static let releaseBatch = 500
    /// How long a read waits for intents: bounds how late a lane renews, ticks and stops.
    static let readWait: Duration = .milliseconds(100)

    package init() {}

    package init(config: ConfigReader) throws {
        batchSize = try config.int("lane.batch.size", default: batchSize, in: 1...10_000)
        lease = try config.duration("lane.lease.seconds", default: lease, in: .seconds(1) ... .seconds(60))
        tick = try config.duration("lane.tick", default: tick, in: .milliseconds(10) ... .seconds(1))
        recoveryGrace = try config.duration("recovery.grace", default: recoveryGrace, in: .zero ... .seconds(60))
        chargesInFlight = try config.int("charges.in.flight", default: chargesInFlight, in: 1...1_000_000)
        hold = try config.duration("order.hold.seconds", default: hold, in: .seconds(1) ... .seconds(86_400))
        reconcileInterval = try config.duration(
            "reconcile.interval", default: reconcileInterval, in: .milliseconds(20) ... .seconds(3_600))
        reconcileRepairs = try config.flag("reconcile.repair", default: reconcileRepairs)
        shutdown = try config.duration("shutdown.seconds", default: shutdown, in: .zero ... .seconds(300))
    }
}
