package import Ticketing

/// The Redis keys of one partition (DESIGN §3). All carry the partition's hash tag, so one script may use them together.
package struct InventoryKeys: Sendable {
    private let tag: String

    package init(_ partition: Partition) { self.tag = partition.tag }

    package func event(_ id: EventID) -> String { "\(tag):event:\(id)" }
    package func buyers(_ id: EventID) -> String { "\(tag):buyers:\(id)" }
    package func order(_ id: OrderID) -> String { "\(tag):order:\(id)" }
    package var intents: String { "\(tag):intents" }
    package var progress: String { "\(tag):progress" }
    package var dead: String { "\(tag):dead" }
    /// The channel on which orders that became final are named.
    package var finished: String { "\(tag):finished" }
}
