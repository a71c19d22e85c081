import Foundation

/// One of the deployment's equal shares of all events: one Redis hash tag, one lane.
package struct Partition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 0 ..< `Partitioning.count`; fits the 12-bit field of an `OrderID`.
    package let number: UInt16

    package init(_ number: UInt16) { self.number = number }

    /// The Redis hash tag, for example `{p07}`: all keys that carry it live in one cluster slot.
    package var tag: String { "{p\(number < 10 ? "0" : "")\(number)}" }

    package var description: String { tag }

    package static func < (a: Partition, b: Partition) -> Bool { a.number < b.number }
}

/// How many partitions the deployment has, fixed for its life and stored in Postgres.
package struct Partitioning: Hashable, Sendable {
    /// 1 ... 4096, the range of the 12-bit field in an order id.
    package static let allowed = 1...4096

    package let count: Int

    /// - Precondition: `count` is within `allowed`; configuration checks it at start-up.
    package init(count: Int) {
        precondition(Partitioning.allowed.contains(count), "1 to 4096 partitions")
        self.count = count
    }

    package var all: [Partition] { (0..<count).map { Partition(UInt16($0)) } }

    /// The event's partition: FNV-1a (64 bit, parameters of draft-eastlake-fnv §5) of its 16 bytes, modulo `count`.
    /// Written by hand because Swift's `Hasher` is seeded anew in each process.
    package func partition(of event: EventID) -> Partition {
        let hash = withUnsafeBytes(of: event.uuid.uuid) { bytes in
            bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        }
        return Partition(UInt16(hash % UInt64(count)))
    }
}
