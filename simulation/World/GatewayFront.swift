import InventoryStore
import OrderRepository
import Ticketing

/// What a gateway's services do with the stores, without HTTP and without its caches: `PurchaseService.sell` and
/// `OrderService.find`, `cancel` and `recover`, step by step. The gateway's target is a program, which nothing but a
/// test can link.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class GatewayFront: @unchecked Sendable {
    enum PurchaseReply: Sendable {
        /// Accepted now or before, with what the receipt says.
        case order(Intent)
        case refused(Refusal)
        /// 503: the same key may be sent again.
        case later
    }

    enum OrderReply: Sendable {
        case order(OrderStatus)
        case notFound
        /// 503: whether there is such an order cannot be told.
        case warmingUp
        /// It has ended otherwise.
        case final
        case later
    }

    /// `GatewayLimits.pendingOrderAge`, milliseconds.
    private static let pendingOrderAge: Int64 = 5_000

    private unowned let world: World
    private let name: String
    private var starts = 0
    private(set) var process: SimulatedProcess

    init(_ name: String, in world: World) {
        self.name = name
        self.world = world
        process = SimulatedProcess(name, world.scheduler)
        start()
    }

    private func start() {
        starts += 1
        process = SimulatedProcess("\(name).\(starts)", world.scheduler)
        process.onCrash = { [unowned self] in
            guard !world.isOver else { return }
            world.scheduler.after(world.draw(.milliseconds(20) ... .milliseconds(500))) { [self] in
                if !world.isOver { start() }
            }
        }
    }

    func purchase(_ reservation: Reservation) async -> PurchaseReply {
        await serve(.later) { [self] process in
            var reservation = reservation
            var outcome = try await reserve(reservation, process)
            if case .ask = outcome {
                if let reply = try await recorded(reservation, process) { return reply }
                reservation.isUnrecorded = true
                outcome = try await reserve(reservation, process)
            }
            switch outcome {
            case .accepted(_, _, let price):
                guard let total = price.times(reservation.quantity) else { return .later }
                return .order(
                    Intent(
                        order: reservation.order, user: reservation.user, event: reservation.event,
                        quantity: reservation.quantity, total: total, paymentMethod: reservation.paymentMethod))
            case .replay(let record): return .order(Intent(record))
            case .refused(let refusal, let mayBeRecorded):
                if refusal != .reusedKey, mayBeRecorded, let reply = try await recorded(reservation, process) {
                    return reply
                }
                return .refused(refusal)
            case .ask: return .later
            }
        }
    }

    func order(_ id: OrderID) async -> OrderReply {
        await serve(.later) { [self] process in
            let record: OrderRecord?
            do { record = try await self.record(id, process) } catch {
                guard let order = try await order(id, process) else { return .warmingUp }
                return .order(order.state.status)
            }
            guard let record else {
                if let order = try await order(id, process) { return .order(order.state.status) }
                // A Redis that was emptied has no memory at all: "no record" is no proof then.
                let progress = try await redis("progress", id.partition, process) {
                    [inventory = world.inventory] () async throws(InventoryError) in
                    try await inventory.progress(of: id.partition)
                }
                return progress.accepted > 0 ? .notFound : .warmingUp
            }
            let age = World.beginning + world.scheduler.now / 1_000_000 - record.createdAt
            if !record.status.isFinal, age > GatewayFront.pendingOrderAge,
                let order = try? await order(id, process)
            {
                return .order(order.state.status)
            }
            return .order(record.status)
        }
    }

    func cancel(_ id: OrderID, of user: UserID) async -> OrderReply {
        await serve(.later) { [self] process in
            for _ in 0..<2 {
                let isCancelled = try await world.postgres("cancel", from: process, [id]) {
                    [rows = world.repository] () async throws(RepositoryError) in
                    try await rows.cancel(id, of: user)
                }
                if let order = try await order(id, process) {
                    if !isCancelled && order.state.status == .pending { continue }
                    guard isCancelled || order.state.reason == .cancelledByBuyer else { return .final }
                    try await redis("publish", id.partition, process) {
                        [inventory = world.inventory] () async throws(InventoryError) in
                        try await inventory.publish(
                            [SettledOrder(id: id, status: order.state.status, reason: order.state.reason, tickets: [])],
                            in: id.partition)
                    }
                    return .order(order.state.status)
                }
                guard let record = try await record(id, process) else { return .notFound }
                try await cancelUncommitted(Intent(record), .cancelledByBuyer, process)
            }
            return .later
        }
    }

    func recover(_ intent: Intent) async -> OrderReply {
        await serve(.later) { [self] process in
            if let record = try await record(intent.order, process) { return .order(record.status) }
            if let order = try await order(intent.order, process) { return .order(order.state.status) }
            let holding = try await world.postgres("holding", from: process, []) {
                [rows = world.repository] () async throws(RepositoryError) in
                try await rows.holding(of: intent.user, in: intent.event)
            }
            guard let holding else { return .notFound }
            guard holding.held + intent.quantity <= holding.limit else {
                return try await end(intent, .limitExceeded, process)
            }
            let outcome = try await redis("recover", intent.order.partition, process) {
                [world] () async throws(InventoryError) in
                let before = world.inventory.image(of: intent.order.partition)
                let outcome = try await world.inventory.recover(intent)
                world.auditor.recovered(
                    intent, outcome, before: before, after: world.inventory.image(of: intent.order.partition))
                return outcome
            }
            switch outcome {
            case .recovered, .known:
                guard let record = try await record(intent.order, process) else { return .later }
                return .order(record.status)
            case .soldOut: return try await end(intent, .soldOut, process)
            case .limitExceeded: return try await end(intent, .limitExceeded, process)
            case .busy: return .later
            }
        }
    }

    // MARK: - The stores

    /// Answers in this gateway's process; a store that fails, or the gateway's death, is a 503 to the buyer.
    private func serve<Reply: Sendable>(
        _ failure: Reply, _ body: @Sendable (SimulatedProcess) async throws -> Reply
    ) async -> Reply {
        let process = process
        guard !process.isDead else { return failure }
        return await withTaskExecutorPreference(process) {
            do { return try await body(process) } catch { return failure }
        }
    }

    private func reserve(
        _ reservation: Reservation, _ process: SimulatedProcess
    ) async throws(InventoryError) -> ReservationOutcome {
        let partition = reservation.order.partition
        let outcome = try await redis("reserve", partition, process) { [world] () async throws(InventoryError) in
            let before = world.inventory.image(of: partition)
            let outcome = try await world.inventory.reserve(reservation)
            world.misbehave(reservation, outcome)
            world.auditor.reserved(
                reservation, outcome, before: before, after: world.inventory.image(of: partition))
            return outcome
        }
        if world.control == .reserveThenQueue, case .accepted(_, _, let price) = outcome {
            try await redis("queue", partition, process) { [world] () async throws(InventoryError) in
                guard let total = price.times(reservation.quantity) else { return }
                world.inventory.append(
                    Intent(
                        order: reservation.order, user: reservation.user, event: reservation.event,
                        quantity: reservation.quantity, total: total, paymentMethod: reservation.paymentMethod))
            }
        }
        return outcome
    }

    /// The order of this id in Postgres, as the answer to a purchase; nil when there is none.
    private func recorded(
        _ reservation: Reservation, _ process: SimulatedProcess
    ) async throws(RepositoryError) -> PurchaseReply? {
        guard let order = try await order(reservation.order, process) else { return nil }
        let intent = order.intent
        guard intent.quantity == reservation.quantity, intent.paymentMethod == reservation.paymentMethod else {
            return .refused(.reusedKey)
        }
        return .order(intent)
    }

    private func cancelUncommitted(
        _ intent: Intent, _ reason: CancellationReason, _ process: SimulatedProcess
    ) async throws(RepositoryError) {
        _ = try await world.postgres("cancel uncommitted", from: process, [intent.order]) {
            [rows = world.repository] () async throws(RepositoryError) in
            try await rows.cancelUncommitted(intent, reason)
        }
    }

    /// Writes an order that cannot be put back down as cancelled.
    private func end(
        _ intent: Intent, _ reason: CancellationReason, _ process: SimulatedProcess
    ) async throws(RepositoryError) -> OrderReply {
        try await cancelUncommitted(intent, reason, process)
        guard let order = try await order(intent.order, process) else { return .later }
        return .order(order.state.status)
    }

    private func record(_ id: OrderID, _ process: SimulatedProcess) async throws(InventoryError) -> OrderRecord? {
        try await redis("order", id.partition, process) {
            [inventory = world.inventory] () async throws(InventoryError) in try await inventory.order(id)
        }
    }

    private func order(
        _ id: OrderID, _ process: SimulatedProcess
    ) async throws(RepositoryError) -> (intent: Intent, state: SettledOrder)? {
        try await world.postgres("order row", from: process, []) {
            [rows = world.repository] () async throws(RepositoryError) in try await rows.order(id)
        }
    }

    private func redis<Value: Sendable>(
        _ name: StaticString, _ partition: Partition, _ process: SimulatedProcess,
        _ effect: @escaping @Sendable () async throws(InventoryError) -> Value
    ) async throws(InventoryError) -> Value {
        try await world.redis(name, from: process, partition, effect)
    }
}

extension World {
    /// What a broken `reserve` does beyond, or instead of, what it should.
    fileprivate func misbehave(_ reservation: Reservation, _ outcome: ReservationOutcome) {
        switch (control, outcome) {
        case (.stockBeforeChecks, .refused(.limitExceeded, _)), (.stockBeforeChecks, .replay):
            inventory.takeUnits(reservation.quantity, of: reservation.event)
        case (.reserveThenQueue, .accepted): inventory.withdraw(reservation.order)
        case (.streamTrimmed, .accepted): inventory.trim(reservation.order.partition, to: 3)
        default: break
        }
    }
}

extension Intent {
    fileprivate init(_ record: OrderRecord) {
        self.init(
            order: record.id, user: record.user, event: record.event, quantity: record.quantity, total: record.total,
            paymentMethod: record.paymentMethod)
    }
}
