import Foundation
import Testing
import Ticketing

struct PartitionTests {
    /// Computed by a few lines of Python: FNV-1a of the UUID's 16 bytes, modulo the count. The same lines give
    /// 0x85944171f73967e8 for `foobar`, as the FNV authors' test vectors say.
    @Test(arguments: [
        ("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", [0, 1, 13, 805, 2_653]),
        ("00000000-0000-0000-0000-000000000000", [0, 1, 5, 221, 1_125]),
        ("ffffffff-ffff-4fff-bfff-ffffffffffff", [0, 1, 5, 629, 1_157]),
        ("00112233-4455-4677-8899-aabbccddeeff", [0, 1, 5, 757, 853]),
    ])
    func `An event's partition never changes from one process or release to the next`(
        event: String, expected: [Int]
    ) throws {
        let event = try #require(EventID(event))
        let found = [1, 2, 16, 1_000, 4_096].map { Int(Partitioning(count: $0).partition(of: event).number) }
        #expect(found == expected)
    }

    @Test func `Random events spread evenly over the partitions`() {
        let partitioning = Partitioning(count: 16)
        var counts: [Partition: Int] = [:]
        for _ in 0..<10_000 { counts[partitioning.partition(of: EventID()), default: 0] += 1 }
        #expect(Set(counts.keys) == Set(partitioning.all))
        // 625 each, standard deviation 24: six of them would be missed once in 30 million runs.
        for (partition, count) in counts {
            #expect((480...770).contains(count), "partition \(partition) has \(count) of 10,000 events")
        }
    }

    @Test func `Every event lies in one of the partitions`() {
        for count in [1, 3, 16, 4_096] {
            let partitioning = Partitioning(count: count)
            #expect(partitioning.all.count == count)
            let all = Set(partitioning.all)
            for _ in 0..<200 { #expect(all.contains(partitioning.partition(of: EventID()))) }
        }
    }

    @Test(arguments: [(0, "{p00}"), (7, "{p07}"), (10, "{p10}"), (4_095, "{p4095}")])
    func `The hash tag names the partition`(number: Int, tag: String) {
        #expect(Partition(UInt16(number)).tag == tag)
    }

    @Test func `No two partitions share a hash tag, and they are ordered by number`() {
        let all = Partitioning(count: 4_096).all
        #expect(Set(all.map(\.tag)).count == 4_096)
        #expect(all == all.sorted())
    }
}
