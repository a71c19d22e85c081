import CoreMetrics
import Crypto
import Hummingbird
import InventoryStore
import Logging
import NIOCore
import Observability
import OnsaleConfiguration
import OnsaleTracing
import OrderRepository
import Security
import Ticketing
import Tracing

/// Sells: one call of the inventory store, and in rare cases a look into Postgres for an order that Redis forgot.
struct PurchaseService<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let inventory: Inventory
    let repository: Repository
    let catalog: EventCatalog<Repository>
    let soldOut: SoldOutCache<Inventory>
    let progress: LaneProgressCache
    let partitioning: Partitioning
    let orderIDSecret: SymmetricKey
    let receipts: ReceiptSigner
    let limits: GatewayLimits
    let lookups: ConcurrencyGate
    let metrics: GatewayMetrics
    let logger: Logger

    /// What can be said without waiting for anyone.
    ///
    /// - Throws: `sold_out`, as long as the cache vouches for it.
    func refuseAtOnce(_ request: PurchaseRequest, by user: UserID) throws(Problem) {
        guard soldOut.refuses(user, event: request.event) else { return }
        metrics.soldOutCacheAnswers.increment()
        throw PurchaseProblems.soldOut
    }

    /// - Throws: Why nothing was sold; then nothing is reserved either, unless the problem is `overloaded`, whose
    ///   detail tells the client to try again with the same key.
    func purchase(
        _ request: PurchaseRequest, by user: UserID, key: IdempotencyKey, from origin: RequestOrigin
    ) async throws(Problem) -> PurchaseResponse {
        do throws(Problem) {
            let answer = try await sell(request, to: user, key: key, from: origin)
            (answer.isReplay ? metrics.purchasesReplayed : metrics.purchasesAccepted).increment()
            return answer
        } catch {
            var problem = error
            if problem.code.status == 503 { problem.idempotencyKey = key.text }
            throw problem
        }
    }

    private func sell(
        _ request: PurchaseRequest, to user: UserID, key: IdempotencyKey, from origin: RequestOrigin
    ) async throws(Problem) -> PurchaseResponse {
        let partition = partitioning.partition(of: request.event)
        let id = OrderID(
            user: user, event: request.event, idempotencyKey: key, partition: partition, secret: orderIDSecret)
        let reservation = Reservation(
            order: id, user: user, event: request.event, quantity: request.quantity,
            paymentMethod: request.paymentMethod)
        var outcome = try await reserve(reservation, for: origin)
        if case .ask = outcome {
            if let answer = try await recorded(reservation, request, key: key) { return answer }
            var reservation = reservation
            reservation.isUnrecorded = true
            outcome = try await reserve(reservation, for: origin)
        }
        switch outcome {
        case .accepted(let sequence, let committed, let unitPrice):
            FailPoint.afterReserve.pass()
            soldOut.stockReturned(request.event)
            guard let total = unitPrice.times(request.quantity) else {
                // Events whose largest order does not fit are refused when they are made.
                throw logged(
                    "purchase.total_too_large", [:], reservation, origin,
                    Problem(.internalError, "The total of the order cannot be written."))
            }
            return PurchaseResponse(
                order: id, event: request.event, quantity: request.quantity, total: total, status: .pending,
                stage: .queued, idempotencyKey: key,
                receipt: receipts.sign(
                    OrderReceipt(
                        intent: Intent(
                            order: id, user: user, event: request.event, quantity: request.quantity, total: total,
                            paymentMethod: request.paymentMethod),
                        sequence: sequence, acceptedAt: Int64(WallClock.seconds() * 1_000))),
                pollAfter: PollAdvice.queued(
                    place: max(0, sequence - committed), drainRate: progress.lately(partition)?.drainRate ?? 0),
                isReplay: false)
        case .replay(let record):
            let progress = progress.lately(partition)
            return replay(
                OrderView(record, progress: progress), request, key: key, receipt: receipts.sign(OrderReceipt(record)))
        case .refused(let refusal, let mayBeRecorded):
            return try await refused(refusal, mayBeRecorded: mayBeRecorded, reservation, request, key: key)
        case .ask:
            throw logged("purchase.asked_twice", [:], reservation, origin, PurchaseProblems.noAnswer(limits))
        }
    }

    private func reserve(
        _ reservation: Reservation, for origin: RequestOrigin
    ) async throws(Problem) -> ReservationOutcome {
        var reservation = reservation
        let span = origin.span?.child("reserve", ofKind: .producer)
        reservation.trace = span?.traceparent
        let start = NIODeadline.now()
        do {
            let outcome = try await inventory.reserve(reservation)
            let result = GatewayMetrics.ReservationResult(outcome)
            metrics.reserved(result, nanoseconds: (.now() - start).nanoseconds)
            span?.attributes["onsale.outcome"] = result.rawValue
            span?.end()
            return outcome
        } catch {
            metrics.reserved(.failed, nanoseconds: (.now() - start).nanoseconds)
            span?.recordError(error)
            span?.end()
            let problem = PurchaseProblems.noAnswer(limits)
            guard error.code == .unexpectedReply else { throw problem }
            throw logged("purchase.reserve_failed", [LogKey.error: "\(error)"], reservation, origin, problem)
        }
    }

    /// Logs what a person should look at, under the id that the client is told in the problem.
    private func logged(
        _ message: Logger.Message, _ metadata: Logger.Metadata, _ reservation: Reservation, _ origin: RequestOrigin,
        _ problem: Problem
    ) -> Problem {
        var problem = problem
        let id = origin.id ?? RequestID().description
        problem.requestID = id
        var metadata = metadata
        metadata[LogKey.orderID] = "\(reservation.order)"
        metadata[LogKey.requestID] = "\(id)"
        if let trace = origin.span?.context.trace { metadata[LogKey.traceID] = "\(trace.traceID)" }
        logger.error(message, metadata: metadata)
        return problem
    }

    /// The answer for a refusal of Redis, after a look at what Redis may have forgotten.
    private func refused(
        _ refusal: Refusal, mayBeRecorded: Bool, _ reservation: Reservation, _ request: PurchaseRequest,
        key: IdempotencyKey
    ) async throws(Problem) -> PurchaseResponse {
        switch refusal {
        case .reusedKey: throw PurchaseProblems.reusedKey
        case .cold: try await refuseUnknown(request.event)
        case .soldOut(available: ...0): soldOut.report(request.event)
        default: break
        }
        if mayBeRecorded, let answer = try await recorded(reservation, request, key: key) { return answer }
        throw PurchaseProblems.problem(for: refusal, limits: limits)
    }

    /// An event that Redis does not know may not exist at all.
    private func refuseUnknown(_ event: EventID) async throws(Problem) {
        let known: CachedDocument?
        do { known = try await catalog.event(event) } catch { throw PurchaseProblems.warmingUp(limits) }
        if known == nil { throw EventProblems.notFound }
    }

    /// The order of this id in Postgres: a key that is used again after every cache expired names the same order (P33).
    private func recorded(
        _ reservation: Reservation, _ request: PurchaseRequest, key: IdempotencyKey
    ) async throws(Problem) -> PurchaseResponse? {
        let found: Order??
        do throws(RepositoryError) {
            found = try await lookups.run { () async throws(RepositoryError) in
                try await repository.order(reservation.order)
            }
        } catch {
            throw PurchaseProblems.noAnswer(limits)
        }
        // No room for another look-up: whether this is a replay is not known, so the client must ask again.
        guard let found else { throw PurchaseProblems.noAnswer(limits) }
        guard let order = found else { return nil }
        guard order.quantity == request.quantity, order.paymentMethod == request.paymentMethod else {
            throw PurchaseProblems.reusedKey
        }
        // In Postgres it is safe: it needs no receipt.
        return replay(OrderView(order), request, key: key, receipt: nil)
    }

    private func replay(
        _ order: OrderView, _ request: PurchaseRequest, key: IdempotencyKey, receipt: String?
    ) -> PurchaseResponse {
        PurchaseResponse(
            order: order.id, event: order.event, quantity: order.quantity, total: order.total, status: order.status,
            stage: order.stage, idempotencyKey: key, receipt: receipt,
            pollAfter: order.pollAfter ?? PollAdvice.minimum, isReplay: true)
    }
}

extension OrderReceipt {
    fileprivate init(_ record: OrderRecord) {
        self.init(
            intent: Intent(
                order: record.id, user: record.user, event: record.event, quantity: record.quantity,
                total: record.total, paymentMethod: record.paymentMethod),
            sequence: record.sequence, acceptedAt: record.createdAt)
    }
}
