import InventoryStore
import OrderRepository
import Synchronization

/// Whether this gateway can do its work now, for `/readyz`.
final class Readiness<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    /// How one thing that the gateway needs is.
    struct Dependency: Encodable, Hashable, Sendable {
        var status: String
        var error: String?
    }

    /// The body of `/readyz`.
    struct Report: Encodable, Hashable, Sendable {
        /// `ready`, `unavailable` or `stopping`.
        var status: String
        var redis: Dependency
        var postgres: Dependency
        /// What works but endangers promises, for a person to look at.
        var warnings: [String]

        var isReady: Bool { status == "ready" }
    }

    private let cache: CoalescingCache<Int, Report, Never>
    private let stopping = Atomic(false)

    /// - Parameter warnings: Looks for settings that endanger promises.
    init(
        inventory: Inventory, repository: Repository, age: Duration,
        warnings: @escaping @Sendable () async -> [String] = { [] }
    ) {
        // Health checks of several load balancers share one look.
        cache = CoalescingCache(lifetime: age, capacity: 1) { _ in
            async let redis = Self.check { try await inventory.ping() }
            async let postgres = Self.check { try await repository.ping() }
            let (first, second) = await (redis, postgres)
            let isReady = first.error == nil && second.error == nil
            return .success(
                Report(
                    status: isReady ? "ready" : "unavailable", redis: first, postgres: second,
                    warnings: first.error == nil ? await warnings() : []))
        }
    }

    func report() async -> Report {
        var report = await cache.value(for: 0)
        if isStopping { report.status = "stopping" }
        return report
    }

    /// Whether no new work should come to this gateway.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func stop() { stopping.store(true, ordering: .relaxed) }

    /// Whoever asks is told no more: what the store says may name hosts and statements.
    private static func code(of error: any Error) -> String {
        switch error {
        case let error as RepositoryError: error.code.rawValue
        case let error as InventoryError: error.code.rawValue
        default: "failed"
        }
    }

    private static func check(_ ping: () async throws -> Void) async -> Dependency {
        do {
            try await ping()
            return Dependency(status: "up")
        } catch {
            return Dependency(status: "down", error: Self.code(of: error))
        }
    }
}
