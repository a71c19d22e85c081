import OnsaleConfiguration

/// The numbers that bound a worker. All are environment variables; none is secret.
struct WorkerConfiguration: Sendable {
    /// LANE_BATCH_SIZE (default 1,000 intents, 1...10,000): a batch takes Postgres about 25 ms, which is the time a
    /// buyer waits longer for it.
    var batchSize = 1_000
    /// LANE_LEASE_SECONDS (default 5 s, 1...60 s): how long a partition stands still after its worker was killed. A
    /// batch takes well under a second, so a living lane renews long before.
    var lease: Duration = .seconds(5)
    /// LANE_TICK (default 200 ms, 10 ms...1 s): how often a lane looks for changes to its events, so that they reach
    /// the buyers within a second.
    var tick: Duration = .milliseconds(200)
    /// CHARGES_IN_FLIGHT (default 20,000 orders a lane, 1...1,000,000): charges under way at once, about 1 kB each;
    /// orders beyond that wait on the stream.
    var chargesInFlight = 20_000
    /// SHUTDOWN_SECONDS (default 10 s, 0...300 s): how long a stopping worker waits for charges under way.
    var shutdown: Duration = .seconds(10)

    /// A back-off starts here and doubles to the limit, each pause jittered between half and all of it.
    static let backoffBase: Duration = .milliseconds(50)
    static let backoffLimit: Duration = .seconds(2)
    /// How often pending orders that no charge is under way for are looked for in Postgres.
    static let scanInterval: Duration = .seconds(1)
    /// How long a lane waits for room among the charges: about what a batch of them takes.
    static let fullPause: Duration = .milliseconds(10)
    /// Releases taken from the outbox at once.
    static let releaseBatch = 500
    /// How long a read waits for intents: bounds how late a lane renews, ticks and stops.
    static let readWait: Duration = .milliseconds(100)

    init() {}

    init(config: ConfigReader) throws {
        batchSize = try config.int("lane.batch.size", default: batchSize, in: 1...10_000)
        lease = try config.duration("lane.lease.seconds", default: lease, in: .seconds(1) ... .seconds(60))
        tick = try config.duration("lane.tick", default: tick, in: .milliseconds(10) ... .seconds(1))
        chargesInFlight = try config.int("charges.in.flight", default: chargesInFlight, in: 1...1_000_000)
        shutdown = try config.duration("shutdown.seconds", default: shutdown, in: .zero ... .seconds(300))
    }
}
