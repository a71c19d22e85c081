import Foundation
import InventoryStore
import OrderRepository
import Payments
import Reconciliation
import Ticketing

/// One comparison of a whole deployment, or of some of its events, from outside of the lanes.
struct DeploymentReconciliation<
    Store: LaneStore, Repository: LaneRepository, Outbox: OutboxRepository, Gateway: PaymentGateway
>: Sendable {
    let partitioning: Partitioning
    let store: Store
    let repository: Repository
    let charges: ChargeComparer<Outbox, Gateway>
    let hold: Duration
    let repairs: Bool
    /// How long to look for a moment to compare, and to wait for a worker's repair.
    let patience: Duration

    private static var pause: Duration { .milliseconds(100) }
    /// Records of an event that are looked at, the last ones that ended, and how long they may take.
    private static var records: Int { 100_000 }
    private static var recordDelay: Duration { .seconds(10) }
    private static var chargesPage: Int { 1_000 }
    /// How long a lane may take to end an order whose hold is over.
    private static var holdDelay: Duration { .seconds(10) }
    /// Orders of a kind of drift that are named.
    private static var named: Int { 20 }
    private static var lease: Duration { .seconds(10) }

    private var comparer: StockComparer<Store, Repository> { StockComparer(store: store, repository: repository) }

    /// - Parameter ids: The events to compare; all that were ever on sale when it is empty.
    func run(on ids: [EventID]) async throws -> ReconciliationReport {
        var report = ReconciliationReport()
        var known: Set<EventID> = []
        for partition in partitioning.all {
            let versions = try await repository.events(in: partition, changedSince: nil)
            known.formUnion(versions.map(\.event))
            let wanted = versions.filter { ids.isEmpty ? $0.epoch > 0 : ids.contains($0.event) }
            for version in wanted { report.events.append(try await reconcile(version.event, in: partition)) }
            guard !wanted.isEmpty else { continue }
            let holds = try await repository.expiredHolds(in: partition, olderThan: hold + Self.holdDelay)
            report.partitions.append(
                .init(
                    partition: Int(partition.number), lane: try await repository.laneOwner(of: partition),
                    expiredHolds: holds.count, oldestExpiredHoldSeconds: holds.oldest / .seconds(1)))
        }
        if let missing = ids.first(where: { !known.contains($0) }) {
            throw CommandFailure("there is no event \(missing)")
        }
        report.charges = try await compareCharges()
        return report
    }

    private func reconcile(_ event: EventID, in partition: Partition) async throws -> ReconciliationReport.Event {
        guard let ledger = try await repository.ledger(of: event) else { throw CommandFailure("\(event) was deleted") }
        var entry = ReconciliationReport.Event(
            eventId: event.description, partition: Int(partition.number), capacity: ledger.capacity, sold: ledger.sold,
            pending: ledger.pending, available: ledger.available)
        if !ledger.isBalanced { entry.drift[DriftKind.books.rawValue] = 1 }
        try await reconcileRecords(of: event, in: partition, &entry)
        let buyers = try await lastingSuspects(of: event)
        var proof = try await prove(event, buyers: buyers)
        if repairs, case .wrong(let finding) = proof.result {
            entry.remark = try await repair(event, finding, in: partition)
            let before = finding.amounts
            // A worker's lane repairs by itself; after our own load the first comparison tells.
            let end = ContinuousClock.now + (entry.remark == nil ? .zero : patience)
            repeat {
                proof = try await prove(event, buyers: buyers)
                if case .balanced = proof.result {
                    for (kind, amount) in before { entry.repaired[kind.rawValue] = amount }
                    entry.remark = nil
                    break
                }
            } while ContinuousClock.now < end
        }
        entry.show(proof)
        return entry
    }

    /// Publishes what Postgres has; records only move forward, so that is right at any time.
    private func reconcileRecords(
        of event: EventID, in partition: Partition, _ entry: inout ReconciliationReport.Event
    ) async throws {
        let late = try await comparer.lateRecords(of: event, olderThan: Self.recordDelay, limit: Self.records)
        guard !late.isEmpty else { return }
        if repairs {
            try await store.publish(late, in: partition)
            entry.repaired[DriftKind.records.rawValue] = late.count
        } else {
            entry.drift[DriftKind.records.rawValue] = late.count
        }
    }

    /// Buyers whose counts differ by the same in two sweeps, as many as can be proven at once.
    private func lastingSuspects(of event: EventID) async throws -> [UserID] {
        let first = try await comparer.suspectBuyers(of: event)
        guard !first.isEmpty else { return [] }
        let second = try await comparer.suspectBuyers(of: event)
        return first.filter { second[$0.key] == $0.value }.keys.sorted { $0.description < $1.description }
            .prefix(StockInquiry.mostBuyers).map { $0 }
    }

    /// Compares until two comparisons in turn agree, or patience is over.
    private func prove(_ event: EventID, buyers: [UserID]) async throws -> StockProof {
        var watch = DriftWatch()
        let end = ContinuousClock.now + patience
        while true {
            guard let outcome = try await comparer.compare(event, buyers: buyers) else {
                throw CommandFailure("\(event) was deleted")
            }
            switch watch.note(outcome) {
            case .balanced: return StockProof(outcome, .balanced)
            case .refused(let finding, _), .reload(let finding): return StockProof(outcome, .wrong(finding))
            case .hindered(let hindrance):
                guard ContinuousClock.now < end else { return StockProof(outcome, .unknown(hindrance)) }
            case .suspected: break
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Loads the event anew when nobody has its lane. Returns why it did not, if so.
    private func repair(
        _ event: EventID, _ finding: DriftWatch.Finding, in partition: Partition
    ) async throws -> String? {
        let owner = "onsale reconcile \(ProcessInfo.processInfo.processIdentifier)"
        guard let lease = try await repository.acquireLease(of: partition, owner: owner, for: Self.lease) else {
            return "left to the worker that has the lane, which has not repaired it"
        }
        do {
            let remark = try await load(event, finding, under: lease)
            try await repository.giveUp(lease)
            return remark
        } catch {
            // Whatever failed, the lane is not kept from the workers for longer than need be.
            try? await repository.giveUp(lease)
            throw error
        }
    }

    private func load(_ event: EventID, _ finding: DriftWatch.Finding, under lease: Lease) async throws -> String? {
        // To mark an empty Redis would hide its loss from the worker that comes.
        guard !finding.isUnloaded else { return "a worker must load it" }
        let backlog = try await store.backlog(of: lease.partition)
        guard backlog == 0 else { return "\(backlog) entries wait on the stream for a worker" }
        guard try await store.mark(lease) != .fenced, let load = try await repository.beginLoad(of: event, under: lease)
        else { return "a worker has taken the lane" }
        switch try await store.load(load, under: lease) {
        case .loaded, .current: return nil
        case .wait: return "orders came meanwhile: off sale until a worker finishes the load"
        case .fenced: return "a worker has taken the lane"
        }
    }

    private func compareCharges() async throws -> ReconciliationReport.Charges {
        var result = ReconciliationReport.Charges()
        var cursor: String?
        repeat {
            let page = try await charges.page(after: cursor, size: Self.chargesPage)
            result.compared += page.count
            for (order, finding) in page.findings.sorted(by: { $0.key.description < $1.key.description }) {
                if repairs, try await charges.repair(finding, of: order) {
                    result.repaired += 1
                    continue
                }
                result.drift[finding.rawValue, default: 0] += 1
                if result.orders.count < Self.named { result.orders.append("\(order) \(finding.rawValue)") }
            }
            cursor = page.next
        } while cursor != nil
        return result
    }
}

/// What comparing an event came to.
struct StockProof {
    enum Result {
        case balanced
        case wrong(DriftWatch.Finding)
        case unknown(StockComparison.Hindrance)
    }

    /// The last one.
    let outcome: StockComparison.Outcome
    let result: Result

    init(_ outcome: StockComparison.Outcome, _ result: Result) {
        self.outcome = outcome
        self.result = result
    }
}

extension ReconciliationReport.Event {
    mutating func show(_ proof: StockProof) {
        if case .compared(let comparison) = proof.outcome {
            redisAvailable = comparison.redis.available
            inFlight = comparison.redis.inFlight
            returning = comparison.returning
        }
        switch proof.result {
        case .balanced: break
        case .wrong(let finding): for (kind, amount) in finding.amounts { drift[kind.rawValue] = amount }
        case .unknown(let hindrance):
            isCompared = false
            remark = hindrance.explanation
        }
    }
}
