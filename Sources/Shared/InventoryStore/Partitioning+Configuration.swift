package import OnsaleConfiguration
package import Ticketing

extension Partitioning {
    /// PARTITIONS (default 16, 1...4096): fixed for a deployment; Postgres remembers it.
    package init(config: ConfigReader) throws {
        self.init(count: try config.int("partitions", default: 16, in: Partitioning.allowed))
    }
}
