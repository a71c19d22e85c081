/// The right to write for a partition, good until another lane raises the epoch.
package struct Lease: Hashable, Sendable {
    package let partition: Partition
    package let epoch: Int64

    package init(partition: Partition, epoch: Int64) {
        self.partition = partition
        self.epoch = epoch
    }
}
