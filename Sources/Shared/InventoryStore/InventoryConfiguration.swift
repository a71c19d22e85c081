package import OnsaleConfiguration

/// The numbers that bound the Redis side.
///
/// - `backlog.limit` (BACKLOG_LIMIT, default 200,000 entries, 1...10,000,000): intents that may wait in one partition
///   before buyers are told to come back. At 10,000 commits/s that is 20 s of waiting, and about 60 MB of Redis memory.
package struct InventoryConfiguration: Sendable {
    package var backlogLimit: Int

    package init(backlogLimit: Int = 200_000) { self.backlogLimit = backlogLimit }

    package init(config: ConfigReader) throws {
        self.init(backlogLimit: try config.int("backlog.limit", default: 200_000, in: 1...10_000_000))
    }

    /// How long a final order record is kept for replays and polls; Postgres answers afterwards. A week outlasts any
    /// client that still retries one purchase.
    static let finalRecordLifetime: Duration = .seconds(7 * 86_400)
    /// Records that one publish call moves: at about 4 µs each Redis is held for half a millisecond.
    static let publishChunk = 128
    /// Buyers that one page of a fill or a scan carries.
    static let buyersPage = 1_000
    /// The consumer group of the lanes.
    static let group = "lanes"
}
