import InventoryStore
import Ticketing

/// How far each lane is, read at most every 100 ms however many orders are looked at.
struct LaneProgressCache: Sendable {
    private let cache: CoalescingCache<Partition, LaneProgress, InventoryError>

    init(inventory: some InventoryStore, partitioning: Partitioning, limits: GatewayLimits) {
        cache = CoalescingCache(lifetime: limits.progressAge, capacity: partitioning.count + 1) { partition in
            do throws(InventoryError) { return .success(try await inventory.progress(of: partition)) } catch {
                return .failure(error)
            }
        }
    }

    func progress(of partition: Partition) async throws(InventoryError) -> LaneProgress {
        try await cache.value(for: partition)
    }

    /// What is known without asking; nil when that is too old.
    func lately(_ partition: Partition) -> LaneProgress? { cache.kept(for: partition) }
}
