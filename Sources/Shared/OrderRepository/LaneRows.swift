import Foundation
import Ticketing

/// The rows that lanes read and write, in memory, with the constraints of the schema.
struct LaneRows: Sendable {
    struct LeaseRow: Sendable {
        var owner: String
        var epoch: Int64
        var expiresAt: Date
    }

    struct EventRow: Sendable {
        let partition: Partition
        var terms: SaleTerms
        var available: Int
        var epoch: Int64
        var updatedAt: Date
    }

    struct OrderRow: Sendable {
        /// Counts the orders as they came.
        let number: Int
        let partition: Partition
        let entry: StreamEntryID
        let intent: Intent
        let createdAt: Date
        var state: SettledOrder
        /// Whether it is pending without its units.
        var holdEnded = false

        var holdsStock: Bool { state.status.holdsStock && !holdEnded }
    }

    struct PaymentRow: Sendable {
        let order: OrderID
        let isCaptured: Bool
        let reference: String
    }

    struct ReleaseRow: Sendable {
        let id: Int64
        let partition: Partition
        let intent: Intent
        var isDelivered = false
    }

    /// A charge that is to be ended from the outbox.
    struct MessageRow: Sendable {
        let id: Int64
        let order: OrderID
        var attempts = 0
        var nextTry: Date
        var isDelivered = false
        /// Whether it was given up on.
        var isDead = false
    }

    var leases: [Partition: LeaseRow] = [:]
    var users: Set<UserID> = []
    var events: [EventID: EventRow] = [:]
    var orders: [OrderID: OrderRow] = [:]
    var payments: [PaymentRow] = []
    var outbox: [ReleaseRow] = []
    var tickets: Set<TicketCode> = []
    var unpublished: [Partition: [SettledBatch]] = [:]
    var messages: [MessageRow] = []
    var lastNumber = 0
    /// When the transaction under way began.
    var now = Date.distantPast
    var failure: RepositoryError?

    func holds(_ lease: Lease) -> Bool { leases[lease.partition]?.epoch == lease.epoch }

    /// The partition's pending orders as they came: those that hold units, or those whose hold has ended.
    func pending(in partition: Partition, isOverdue: Bool) -> [OrderRow] {
        orders.values
            .filter { $0.partition == partition && $0.state.status == .pending && $0.holdEnded == isOverdue }
            .sorted { $0.number < $1.number }
    }

    /// Inserts what is new, in the order of the ids, and takes the units of what was inserted.
    mutating func insert(_ batch: [QueuedIntent], in partition: Partition) throws(RepositoryError) -> Set<StreamEntryID>
    {
        var inserted: Set<StreamEntryID> = []
        for queued in batch.sorted(by: { $0.intent.order.description < $1.intent.order.description }) {
            let intent = queued.intent
            let state = SettledOrder(id: intent.order, status: .pending, reason: nil, tickets: [])
            guard try add(queued, state, in: partition) else { continue }
            events[intent.event]?.available -= intent.quantity
            inserted.insert(queued.entry)
        }
        try checkStock()
        return inserted
    }

    /// Stores a refused intent as a cancelled order whose units only Redis took.
    mutating func refuse(
        _ queued: QueuedIntent, _ reason: CancellationReason, in partition: Partition
    ) throws(RepositoryError) {
        let state = SettledOrder(id: queued.intent.order, status: .cancelled, reason: reason, tickets: [])
        if try add(queued, state, in: partition) { release(queued.intent, in: partition) }
    }

    /// Adds an order; false when it is there already.
    mutating func add(
        _ queued: QueuedIntent, _ state: SettledOrder, in partition: Partition
    ) throws(RepositoryError) -> Bool {
        let intent = queued.intent
        guard intent.quantity > 0 else { throw rejected("quantity \(intent.quantity)") }
        guard orders[intent.order] == nil else { return false }
        guard users.contains(intent.user) else { throw rejected("there is no user \(intent.user)") }
        guard events[intent.event] != nil else { throw rejected("there is no event \(intent.event)") }
        lastNumber += 1
        orders[intent.order] = OrderRow(
            number: lastNumber, partition: partition, entry: queued.entry, intent: intent, createdAt: now,
            state: state)
        return true
    }

    mutating func void(_ order: OrderID) {
        lastNumber += 1
        messages.append(MessageRow(id: Int64(lastNumber), order: order, nextTry: now))
    }

    /// Notes that Redis is to be told of orders that moved.
    mutating func list(_ orders: [OrderID], in partition: Partition) -> SettledBatch {
        lastNumber += 1
        let batch = SettledBatch(id: Int64(lastNumber), orders: orders)
        unpublished[partition, default: []].append(batch)
        return batch
    }

    mutating func release(_ intent: Intent, in partition: Partition) {
        lastNumber += 1
        outbox.append(ReleaseRow(id: Int64(lastNumber), partition: partition, intent: intent))
    }

    /// Moves the orders that are pending and leaves the others alone.
    mutating func settle(_ settlements: [Settlement], in partition: Partition) throws(RepositoryError) -> SettledBatch {
        var moved: [OrderID] = []
        for settlement in settlements {
            let id = settlement.order.id
            let isConfirmed = settlement.order.status == .confirmed
            guard let row = orders[id], row.state.status == .pending, !(row.holdEnded && isConfirmed) else { continue }
            moved.append(id)
            orders[id]?.holdEnded = false
            orders[id]?.state = SettledOrder(
                id: id, status: settlement.order.status, reason: settlement.order.reason,
                tickets: isConfirmed ? settlement.order.tickets.sorted { $0.text < $1.text } : [])
            if let reference = settlement.paymentReference {
                payments.append(PaymentRow(order: id, isCaptured: isConfirmed, reference: reference))
            }
            if isConfirmed {
                for code in settlement.order.tickets where !tickets.insert(code).inserted {
                    throw rejected("there is a ticket \(code)")
                }
            }
            if settlement.order.status == .cancelled {
                if settlement.paymentReference == nil, row.intent.total.amount > 0 { void(id) }
                guard !row.holdEnded else { continue }
                release(row.intent, in: partition)
                events[row.intent.event]?.available += row.intent.quantity
            }
        }
        try checkStock()
        return list(moved, in: partition)
    }

    mutating func endHolds(of ids: [OrderID], in partition: Partition) throws(RepositoryError) {
        for id in ids {
            guard let row = orders[id], row.state.status == .pending, !row.holdEnded else { continue }
            orders[id]?.holdEnded = true
            release(row.intent, in: partition)
            events[row.intent.event]?.available += row.intent.quantity
        }
        try checkStock()
    }

    /// Takes an overdue order's units again and confirms it; false when it is none.
    mutating func confirmOverdue(
        _ settlement: Settlement, in partition: Partition
    ) throws(RepositoryError) -> Bool {
        guard let row = orders[settlement.order.id], row.state.status == .pending, row.holdEnded else { return false }
        orders[settlement.order.id]?.holdEnded = false
        events[row.intent.event]?.available -= row.intent.quantity
        _ = try settle([settlement], in: partition)
        return true
    }

    /// What each buyer of the event holds, with zero for those who hold nothing any more.
    func heldUnits(of event: EventID) -> [UserID: Int] {
        var held: [UserID: Int] = [:]
        for order in orders.values where order.intent.event == event {
            held[order.intent.user, default: 0] += order.holdsStock ? order.intent.quantity : 0
        }
        return held
    }

    mutating func deliver(_ isMeant: (ReleaseRow) -> Bool) {
        for index in outbox.indices where isMeant(outbox[index]) { outbox[index].isDelivered = true }
    }

    /// The constraint `events_stock`.
    private func checkStock() throws(RepositoryError) {
        for (id, event) in events where !(0...event.terms.total).contains(event.available) {
            throw RepositoryError(
                .rowRejected, "event \(id) would have \(event.available) of \(event.terms.total) tickets",
                reason: .soldOut)
        }
    }

    private func rejected(_ message: String) -> RepositoryError {
        RepositoryError(.rowRejected, message, reason: .rejected)
    }
}
