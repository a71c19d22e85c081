import InventoryStore
import OrderRepository
import Ticketing

/// Looks on at every step and holds it against the invariants; the first one that is broken ends the run.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class Auditor: @unchecked Sendable {
    let inventory: InMemoryInventoryStore
    let repository: InMemoryLaneRepository
    private unowned let scheduler: Scheduler

    private(set) var violation: Violation?
    private struct Holding: Hashable {
        let user: UserID
        let event: EventID
    }

    /// An entry: ids are of one stream only.
    private struct Place: Hashable {
        let partition: Partition
        let entry: StreamEntryID
    }

    /// What Redis took in, whether the buyer heard of it or not.
    private(set) var accepted: [OrderID: Intent] = [:]
    private var states: [OrderID: OrderStatus] = [:]
    private var codes: [TicketCode: OrderID] = [:]
    private var released: Set<OrderID> = []
    /// Orders whose hold had ended before their payment came: their units went back, and may have been taken again.
    private var overdue: Set<OrderID> = []
    private var rejected: Set<Place> = []
    /// Entries whose place in line is gone: handed to a lane that could not commit them, or refused by Postgres.
    private var outOfLine: Set<Place> = []
    /// Who bought of stock that an older copy of Redis' memory had brought back, in the time until a lane noticed: the
    /// limit was checked against that copy.
    private var beyondLimit: Set<Holding> = []
    /// The final state that a buyer was shown.
    private var shown: [OrderID: OrderStatus] = [:]
    /// How often Redis lost memory, all of it or its last part.
    private(set) var losses = 0
    /// Of these, how often it went back to an older copy, and when last.
    private(set) var rollbacks = 0
    private var lastRollback: Int64 = 0

    init(inventory: InMemoryInventoryStore, repository: InMemoryLaneRepository, scheduler: Scheduler) {
        self.inventory = inventory
        self.repository = repository
        self.scheduler = scheduler
    }

    func report(_ invariant: Invariant, _ detail: @autoclosure () -> String) {
        guard violation == nil else { return }
        violation = Violation(invariant: invariant, detail: detail(), time: scheduler.now)
    }

    func expect(_ holds: Bool, _ invariant: Invariant, _ detail: @autoclosure () -> String) {
        if !holds { report(invariant, detail()) }
    }

    // MARK: - Redis

    /// Redis has lost what it knew, or the last part of it.
    /// - Parameter isRollback: Whether an older copy of it is there.
    func memoryLost(isRollback: Bool = false) {
        losses += 1
        if isRollback {
            rollbacks += 1
            lastRollback = scheduler.now
        }
        released = []
        rejected = []
    }

    /// A purchase was answered. I6, I7, I10, I14.
    func reserved(
        _ reservation: Reservation, _ outcome: ReservationOutcome, before: PartitionImage, after: PartitionImage
    ) {
        let (event, user, quantity) = (reservation.event, reservation.user, reservation.quantity)
        let stock = (before: before.stock(of: event), after: after.stock(of: event))
        guard case .accepted(_, _, let price) = outcome else {
            expect(
                stock.before == stock.after && before.accepted == after.accepted
                    && before.units(of: event, user: user) == after.units(of: event, user: user),
                .i14, "\(reservation.order) was answered \(outcome) and changed the stock")
            if case .refused(.soldOut(let available), _) = outcome {
                expect(
                    stock.before?.available == available && available < quantity, .i10,
                    "\(reservation.order) was told that \(available) are left of \(stock.before?.available ?? -1)")
            }
            if case .replay(let record) = outcome {
                expect(
                    record.quantity == quantity && record.event == event && record.user == user, .i7,
                    "the key of \(reservation.order) gave another purchase")
            }
            return
        }
        guard let total = price.times(quantity) else { return }
        if rollbacks > 0, before.isLeftOver(event) { beyondLimit.insert(Holding(user: user, event: event)) }
        accept(
            Intent(
                order: reservation.order, user: user, event: event, quantity: quantity, total: total,
                paymentMethod: reservation.paymentMethod))
        if let limit = repository.image.event(event)?.terms.limit {
            expect(
                after.units(of: event, user: user) <= limit, .i6,
                "\(user) has \(after.units(of: event, user: user)) of \(limit) in Redis")
        }
    }

    func recovered(_ intent: Intent, _ outcome: RecoveryOutcome, before: PartitionImage, after: PartitionImage) {
        if case .recovered = outcome { return accept(intent) }
        expect(
            before.stock(of: intent.event)?.available == after.stock(of: intent.event)?.available
                && before.accepted == after.accepted,
            .i14, "\(intent.order) was not recovered, \(outcome), and changed the stock")
    }

    private func accept(_ intent: Intent) {
        if let known = accepted[intent.order], known != intent {
            expect(losses > 0, .i7, "\(intent.order) was accepted with other contents")
        }
        accepted[intent.order] = intent
    }

    /// Entries were handed to a lane. `isHeard`: whether it can have heard of it.
    func delivered(_ entries: [StreamEntryID], of partition: Partition, to process: SimulatedProcess, isHeard: Bool) {
        guard !isHeard || repository.image.owner(of: partition) != process.name else { return }
        outOfLine.formUnion(entries.map { Place(partition: partition, entry: $0) })
    }

    /// Whatever was called: what left the stream was committed, or is on the dead stream. I15.
    func redisStep(of partition: Partition, before: PartitionImage) {
        let after = inventory.image(of: partition)
        let removed = before.entriesRemoved(in: after)
        guard !removed.isEmpty else { return }
        let rows = repository.image
        var dead = after.deadEntries - before.deadEntries
        for entry in removed {
            if let order = entry.intent?.order, rows.order(order) != nil { continue }
            dead -= 1
            expect(dead >= 0, .i15, "entry \(entry.entry) left the stream without a trace")
        }
    }

    /// A lane's call that a later lane's mark must stop. I12.
    func expectMark(_ lease: Lease, hasWritten: Bool, before: PartitionImage, _ what: StaticString) {
        guard hasWritten, let mark = before.mark else { return }
        expect(mark <= lease.epoch, .i12, "\(what) by the lane of epoch \(lease.epoch) after that of \(mark)")
    }

    /// Units were taken again for an order whose hold had ended. I6, I10.
    func retaken(_ intent: Intent, _ outcome: RetakeOutcome, before: PartitionImage, after: PartitionImage) {
        let available = (before: before.stock(of: intent.event)?.available, after.stock(of: intent.event)?.available)
        switch outcome {
        case .taken:
            if rollbacks > 0, before.isLeftOver(intent.event) {
                beyondLimit.insert(Holding(user: intent.user, event: intent.event))
            }
        case .soldOut:
            expect(
                available.before ?? 0 < intent.quantity, .i10,
                "\(intent.order) was told that nothing is left of \(available.before ?? 0)")
            fallthrough
        case .limitExceeded, .wait, .fenced:
            expect(available.before == available.1, .i14, "\(intent.order) was not given units, but they are gone")
        }
    }

    func rejected(_ entry: StreamEntryID, in partition: Partition) {
        expect(
            rejected.insert(Place(partition: partition, entry: entry)).inserted, .i13,
            "entry \(entry) was rejected twice")
    }

    func released(_ release: StockRelease) {
        expect(
            overdue.contains(release.order) || repository.image.order(release.order)?.holdsStock != true, .i13,
            "the units of \(release.order) came back, but it holds them")
        expect(released.insert(release.order).inserted, .i13, "the units of \(release.order) came back twice")
    }

    // MARK: - Postgres

    /// A write under a lease. I12.
    func expectLease(_ lease: Lease, hasWritten: Bool, current: Int64?, _ what: StaticString) {
        expect(
            !hasWritten || current == lease.epoch, .i12,
            "\(what) under epoch \(lease.epoch), but the lease is at \(current ?? 0)")
    }

    /// A batch was committed: nothing of the same event stands before it in line. I11.
    func committed(_ batch: [QueuedIntent], inserted: Set<StreamEntryID>, in partition: Partition) {
        guard !inserted.isEmpty else { return }
        let rows = repository.image
        var waiting: [EventID: StreamEntryID] = [:]
        for entry in inventory.image(of: partition).entries {
            guard let intent = entry.intent else { continue }
            let isOutOfLine = outOfLine.contains(Place(partition: partition, entry: entry.entry))
            if inserted.contains(entry.entry) {
                if let first = waiting[intent.event], !isOutOfLine {
                    report(.i11, "entry \(entry.entry) was committed before \(first)")
                }
            } else if rows.order(intent.order) == nil, !isOutOfLine {
                waiting[intent.event] = waiting[intent.event] ?? entry.entry
            }
        }
    }

    /// Postgres has refused an entry; it is rejected when its batch is done.
    func refused(_ entry: StreamEntryID, in partition: Partition) {
        outOfLine.insert(Place(partition: partition, entry: entry))
    }

    /// Orders may have changed. I1, I2 (within Postgres), I5, I6, I9, I16.
    func postgresStep(_ orders: [OrderID]) {
        let rows = repository.image
        for id in orders {
            guard let order = rows.order(id) else { continue }
            let (intent, state) = (order.intent, order.state)
            expect(accepted[id] == intent, .i5, "\(id) is in Postgres and was not accepted so")
            if let before = states[id], before != state.status {
                expect(before.canMove(to: state.status), .i9, "\(id) went from \(before) to \(state.status)")
            }
            states[id] = state.status
            if state.status == .pending, !order.holdsStock { overdue.insert(id) }
            let held = rows.units(of: intent.event, user: intent.user).held
            let isExempt = beyondLimit.contains(Holding(user: intent.user, event: intent.event))
            if let limit = rows.event(intent.event)?.terms.limit, !isExempt {
                expect(held <= limit, .i6, "\(intent.user) holds \(held) of \(limit) in Postgres")
            }
            expect(
                state.tickets.count == (state.status == .confirmed ? intent.quantity : 0), .i16,
                "\(id) is \(state.status) with \(state.tickets.count) tickets for \(intent.quantity) units")
            for code in state.tickets {
                expect(codes[code] ?? id == id, .i16, "\(code) is a ticket of two orders")
                codes[code] = id
            }
        }
        for event in rows.events {
            let units = rows.units(of: event.id)
            expect(units.confirmed <= event.terms.total, .i1, "\(event.id) has sold \(units.confirmed)")
            expect(
                event.available + units.held == event.terms.total, .i2,
                "\(event.id) has \(event.available) available and \(units.held) held of \(event.terms.total)")
        }
    }

    // MARK: - Buyers

    /// How things stood when somebody asked for an order.
    struct Question: Sendable {
        /// What had been shown, and nobody may see go back.
        let final: OrderStatus?
        /// Whether Redis may not have been told of it yet.
        let isUntold: Bool
    }

    func question(about order: OrderID) -> Question {
        let isQueued = inventory.image(of: order.partition).entries.contains { $0.intent?.order == order }
        return Question(final: shown[order], isUntold: isQueued || repository.image.isUnpublished(order))
    }

    /// The final state that a buyer was shown last.
    func finalState(of order: OrderID) -> OrderStatus? { shown[order] }

    /// A buyer was shown an order's state. I9.
    func show(_ order: OrderID, _ status: OrderStatus, to question: Question) {
        if let known = question.final, known != status {
            // A copy that Redis went back to may show an order as pending again, for as long as that seems likely.
            let mayBeOld = rollbacks > 0 && status == .pending && scheduler.now - lastRollback < 5_500_000_000
            // While Redis did not answer, Postgres did, and no lane has told Redis since.
            let isUntold = status == .pending && question.isUntold
            expect(
                mayBeOld || isUntold || known.canMove(to: status), .i9,
                "\(order) was shown as \(known) and then as \(status)")
        }
        if status.isFinal { shown[order] = status }
    }
}
