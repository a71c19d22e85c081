import OrderRepository
import Ticketing

/// Keeps a lane's lease by renewing it whenever a third of its time is over.
struct LeaseRenewal<Repository: LaneRepository>: Sendable {
    let lease: Lease
    private let repository: Repository
    private let duration: Duration
    private let time: TimeAndChance
    private var next: ContinuousClock.Instant

    /// - Parameter duration: For how long the lease was taken, just now, and is renewed each time.
    init(_ lease: Lease, for duration: Duration, in repository: Repository, time: TimeAndChance = .machine) {
        self.lease = lease
        self.repository = repository
        self.duration = duration
        self.time = time
        self.next = time.now() + duration / 3
    }

    mutating func renewIfDue() async throws {
        let now = time.now()
        guard now >= next else { return }
        guard try await repository.renew(lease, for: duration) else { throw LeaseLost(lease: lease) }
        next = now + duration / 3
    }
}

/// Another lane has taken the partition.
struct LeaseLost: Error {
    let lease: Lease
}
