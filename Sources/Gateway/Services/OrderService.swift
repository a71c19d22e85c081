import InventoryStore
import OrderRepository
import Security
import Synchronization
import Ticketing

/// Says how an order stands, by Redis' record, or by Postgres when that is missing or seems stuck; cancels one for its
/// buyer; and puts back one that was lost.
final class OrderService<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    /// What Postgres said about an order that Redis shows as pending.
    private struct Answer {
        let at: ContinuousClock.Instant
        var order: Order?
    }

    private let inventory: Inventory
    private let repository: Repository
    private let progress: LaneProgressCache
    private let waiters: OrderWaiters<Inventory>
    private let partitioning: Partitioning
    private let limits: GatewayLimits
    private let lookups: ConcurrencyGate
    /// Seconds since 1970.
    private let wallClock: @Sendable () -> Double
    private let answers = Mutex<[OrderID: Answer]>([:])
    /// Confirmed orders with their tickets as they are now.
    private let confirmed: CoalescingCache<OrderID, Order?, RepositoryError>

    /// - Parameter wallClock: Seconds since 1970; tests put a clock of their own here.
    init(
        inventory: Inventory, repository: Repository, progress: LaneProgressCache, waiters: OrderWaiters<Inventory>,
        partitioning: Partitioning, limits: GatewayLimits, lookups: ConcurrencyGate,
        wallClock: @escaping @Sendable () -> Double = WallClock.seconds
    ) {
        self.inventory = inventory
        self.repository = repository
        self.progress = progress
        self.waiters = waiters
        self.partitioning = partitioning
        self.limits = limits
        self.lookups = lookups
        self.wallClock = wallClock
        self.confirmed = CoalescingCache(lifetime: limits.ticketAge, capacity: limits.cachedOrders) { id in
            do throws(RepositoryError) {
                let order = try await lookups.run { () async throws(RepositoryError) in try await repository.order(id) }
                guard let order else {
                    return .failure(RepositoryError(.unavailable, "\(lookups.limit) look-ups are under way"))
                }
                return .success(order)
            } catch {
                return .failure(error)
            }
        }
    }

    /// - Throws: `order_not_found` when neither store knows it or it is not the viewer's; `warming_up` while that
    ///   cannot be told, never a 404 for an order that may be queued.
    func order(_ id: OrderID, for viewer: Identity) async throws(Problem) -> OrderView {
        let view = try await find(id)
        guard view.user == viewer.userID || viewer.role == .admin else { throw OrderProblems.notFound }
        return view
    }

    /// The same, held for up to `wait` while the order is not final and in the state that `tag` names (without a tag:
    /// in the state it is in now).
    func order(
        _ id: OrderID, for viewer: Identity, wait: Duration, tag: String?
    ) async throws(Problem) -> OrderView {
        let deadline = ContinuousClock.now.advanced(by: min(wait, limits.longPollTime))
        guard wait > .zero, let ticket = waiters.register(id, until: deadline) else {
            return try await order(id, for: viewer)
        }
        defer { waiters.remove(ticket) }
        var view = try await order(id, for: viewer)
        let known = tag.flatMap { OrderView.state(ofTag: $0) }.map { String($0) } ?? view.state
        while !view.status.isFinal, view.state == known, ContinuousClock.now < deadline, !Task.isCancelled {
            await waiters.wait(ticket)
            let mayWait = waiters.rearm(ticket)
            view = try await order(id, for: viewer)
            if !mayWait { break }
        }
        return view
    }

    /// Cancels the user's order when it is not final yet, and returns how it then stands. Cancelling once more changes
    /// nothing.
    ///
    /// - Throws: `order_final` when the order was confirmed or has ended otherwise.
    func cancel(_ id: OrderID, by user: UserID) async throws(Problem) -> OrderView {
        guard Int(id.partition.number) < partitioning.count else { throw OrderProblems.notFound }
        // An order that is not in Postgres yet is stored there as cancelled, unless its lane is quicker; then it is
        // found there the second time.
        for _ in 0..<2 {
            let isCancelled = try await decided { () async throws(RepositoryError) in
                try await repository.cancel(id, of: user)
            }
            if let order = try await recorded(id) {
                guard order.user == user else { throw OrderProblems.notFound }
                // Committed between the two questions.
                if !isCancelled && order.status == .pending { continue }
                guard isCancelled || order.reason == .cancelledByBuyer else { throw OrderProblems.final }
                // Before the buyer is told, so that no poll shows the order as pending again.
                do {
                    try await inventory.publish(
                        [SettledOrder(id: id, status: order.status, reason: order.reason, tickets: [])],
                        in: id.partition)
                } catch {
                    throw cancelLater
                }
                return OrderView(order)
            }
            guard let record = try await remembered(id), record.user == user else { throw OrderProblems.notFound }
            let intent = Intent(
                order: id, user: user, event: record.event, quantity: record.quantity, total: record.total,
                paymentMethod: record.paymentMethod)
            _ = try await decided { () async throws(RepositoryError) in
                try await repository.cancelUncommitted(intent, .cancelledByBuyer)
            }
        }
        throw cancelLater
    }

    /// Puts an accepted order back that neither store knows, and returns how it stands; one that is known is left
    /// alone. When the sale has gone on without it, it ends as cancelled, so that every accepted order ends (I4).
    ///
    /// - Throws: `order_not_found` for a receipt that is not the user's, or too old.
    func recover(_ receipt: OrderReceipt, by user: UserID) async throws(Problem) -> OrderView {
        let id = receipt.intent.order
        guard receipt.intent.user == user, Int(id.partition.number) < partitioning.count else {
            throw OrderProblems.notFound
        }
        if let record = try await remembered(id) { return await view(of: record) }
        if let order = try await recorded(id) { return OrderView(order) }
        guard wallClock() * 1_000 - Double(receipt.acceptedAt) < Double(limits.receiptAge.milliseconds) else {
            throw OrderProblems.receiptTooOld
        }
        // While no stock is loaded, Redis does not know what else the buyer has.
        guard try await mayHold(receipt.intent) else { return try await end(receipt.intent, .limitExceeded) }
        let outcome: RecoveryOutcome
        do { outcome = try await inventory.recover(receipt.intent) } catch { throw PurchaseProblems.warmingUp(limits) }
        switch outcome {
        case .recovered, .known:
            guard let record = try await remembered(id) else { throw PurchaseProblems.warmingUp(limits) }
            return OrderView(record, progress: nil)
        case .soldOut: return try await end(receipt.intent, .soldOut)
        case .limitExceeded: return try await end(receipt.intent, .limitExceeded)
        case .busy: throw PurchaseProblems.problem(for: .busy, limits: limits)
        }
    }

    private func remembered(_ id: OrderID) async throws(Problem) -> OrderRecord? {
        do { return try await inventory.order(id) } catch { throw PurchaseProblems.warmingUp(limits) }
    }

    /// Whether the buyer's limit leaves room for the order, by Postgres.
    private func mayHold(_ intent: Intent) async throws(Problem) -> Bool {
        let holding: (held: Int, limit: Int)?
        do { holding = try await repository.holding(of: intent.user, in: intent.event) } catch { throw unknownNow }
        guard let holding else { throw EventProblems.notFound }
        return holding.held + intent.quantity <= holding.limit
    }

    /// Writes an order that cannot be put back down as cancelled, unless it is there by now.
    private func end(_ intent: Intent, _ reason: CancellationReason) async throws(Problem) -> OrderView {
        do { _ = try await repository.cancelUncommitted(intent, reason) } catch { throw unknownNow }
        guard let order = try await recorded(intent.order) else { throw unknownNow }
        return OrderView(order)
    }

    private func decided(_ body: () async throws(RepositoryError) -> Bool) async throws(Problem) -> Bool {
        do { return try await body() } catch { throw cancelLater }
    }

    /// Cancelling twice is cancelling once, so the client may always send it again.
    private var cancelLater: Problem {
        Problem(
            .overloaded, "The order cannot be cancelled at the moment. Send it again.",
            retryAfter: limits.overloadedRetryAfter)
    }

    private func find(_ id: OrderID) async throws(Problem) -> OrderView {
        guard Int(id.partition.number) < partitioning.count else { throw OrderProblems.notFound }
        let record: OrderRecord?
        do {
            record = try await inventory.order(id)
        } catch {
            // Postgres may not have it yet: without Redis nobody knows what is queued.
            guard let order = try await recorded(id) else { throw PurchaseProblems.warmingUp(limits) }
            remember(order)
            return OrderView(order)
        }
        guard let record else {
            if let order = try await recorded(id) {
                remember(order)
                return OrderView(order)
            }
            guard await remembers(id.partition) else { throw PurchaseProblems.warmingUp(limits) }
            throw OrderProblems.notFound
        }
        if record.status.isFinal {
            // When Postgres does not answer, Redis' record is the best there is.
            if record.isDeferred || record.status == .refunded, let order = try? await recorded(id) {
                return OrderView(order)
            }
            return await view(of: record)
        }
        if let order = await stuck(record) { return OrderView(order) }
        // Without progress the view has no place in line; the order's state is right all the same.
        let progress = record.status == .pending ? try? await progress.progress(of: id.partition) : nil
        return OrderView(record, progress: progress)
    }

    /// An order by its record, but for tickets that may have changed since that was written: those are Postgres'.
    private func view(of record: OrderRecord) async -> OrderView {
        guard record.status == .confirmed,
            wallClock() * 1_000 - Double(record.updatedAt) > Double(limits.confirmedOrderAge.milliseconds),
            // When Postgres does not answer, everything but the tickets' states is right.
            let order = try? await confirmed.value(for: record.id)
        else { return OrderView(record, progress: nil) }
        return OrderView(order)
    }

    /// Whether Redis has any memory of the partition. One that was emptied has none, and the orders in its stream went
    /// with the rest, so "no record" is then no proof.
    private func remembers(_ partition: Partition) async -> Bool {
        guard let progress = try? await progress.progress(of: partition) else { return false }
        return progress.accepted > 0
    }

    /// Postgres cannot be asked now.
    private var unknownNow: Problem {
        Problem(
            .overloaded, "The order cannot be looked up at the moment. Ask again.",
            retryAfter: limits.overloadedRetryAfter)
    }

    private func recorded(_ id: OrderID) async throws(Problem) -> Order? {
        let found: Order??
        do throws(RepositoryError) {
            found = try await lookups.run { () async throws(RepositoryError) in try await repository.order(id) }
        } catch {
            throw unknownNow
        }
        guard let found else { throw unknownNow }
        return found
    }

    /// A final state is remembered as far as there is room: should Redis come back with an older one, the order must
    /// not seem to go back (I9).
    private func remember(_ order: Order) {
        guard order.status.isFinal else { return }
        answers.withLock { answers in
            if answers.count >= limits.rememberedOrders { answers.removeAll() }
            answers[order.id] = Answer(at: .now, order: order)
        }
    }

    /// What Postgres has of an order that Redis shows as pending although it was shown as final, or for too long: asked
    /// at most once a second, and remembered in between, so that an order never seems to go back.
    private func stuck(_ record: OrderRecord) async -> Order? {
        if let order = answers.withLock({ $0[record.id]?.order }), order.status.isFinal { return order }
        guard wallClock() * 1_000 - Double(record.createdAt) > Double(limits.pendingOrderAge.milliseconds) else {
            return nil
        }
        let now = ContinuousClock.now
        let remembered: Answer? = answers.withLock { answers in
            if let answer = answers[record.id],
                now < answer.at.advanced(by: limits.pendingOrderPause) || answer.order?.status.isFinal == true
            {
                return answer
            }
            if answers.count >= limits.rememberedOrders { answers.removeAll() }
            answers[record.id] = Answer(at: now, order: answers[record.id]?.order)
            return nil
        }
        if let remembered { return remembered.order }
        // When Postgres does not answer, Redis' record is the best there is.
        guard let order = try? await recorded(record.id) else { return nil }
        answers.withLock { $0[record.id] = Answer(at: now, order: order) }
        return order
    }
}
