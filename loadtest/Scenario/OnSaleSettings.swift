import Ticketing

/// Everything that decides a run; read from options and environment by the command.
struct OnSaleSettings: Sendable {
    var endpoints: [Endpoint]
    var adminEmail: String
    var adminPassword: String
    var tickets: Int
    var buyers: Int
    var limitPerBuyer: Int
    var demand: Demand
    /// Purchases per second that the schedule offers.
    var intendedRate: Double
    /// Connections for purchases and for polls, all loops together.
    var connections: Int
    var pollConnections: Int
    /// Event loops the load is spread over.
    var threads: Int
    /// An event to use again; nil makes a new one.
    var event: EventID?
    var timeout: Duration
    var seed: UInt64
    /// Keys that are sent again after the load.
    var replayedKeys = 50
    /// Time the books get to come to rest after the load.
    var restTimeout = Duration.seconds(60)
    /// Seconds that polls ask to be held: the most the service allows.
    var pollWait = 20
}

extension Duration {
    var nanoseconds: Instant {
        Instant(components.seconds) * 1_000_000_000 + Instant(components.attoseconds / 1_000_000_000)
    }
}
