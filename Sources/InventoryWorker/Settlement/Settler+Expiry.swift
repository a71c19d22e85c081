import CoreMetrics
import InventoryStore
import Logging
import OrderRepository
import Payments
import Synchronization
import Ticketing

/// A pending order that is older than its hold.
struct ExpiredOrder: Sendable {
    let intent: Intent
    /// Whether its hold has ended: it waits for the provider's word without its units.
    let isOverdue: Bool
}

/// What happens to orders whose payment does not come in time. The provider is asked to end the charge, and its word
/// decides. While it gives none, the order stays pending and its units are sold to others; a charge that turns out to
/// be captured then takes units again, or is given back.
extension Settler {
    /// Orders whose charge is to be ended and is not being ended yet, and the next of the overdue ones, as far as there
    /// is room.
    func expiredOrders(overdueAfter position: inout OrderID?) async throws -> [ExpiredOrder] {
        let room = WorkerConfiguration.expiriesInFlight - queue.withLock { $0.expiringCount }
        guard room > 0 else { return [] }
        let expired = try await repository.expiredOrders(
            in: partition, olderThan: configuration.hold, limit: configuration.batchSize)
        let overdue = try await repository.overdueOrders(in: partition, after: position, limit: room)
        position = overdue.count == room ? overdue.last?.order : nil
        return queue.withLock { queue in
            let limit = WorkerConfiguration.expiriesInFlight
            return queue.expire(expired, limit: limit).map { ExpiredOrder(intent: $0, isOverdue: false) }
                + queue.expire(overdue, limit: limit).map { ExpiredOrder(intent: $0, isOverdue: true) }
        }
    }

    func expire(_ order: ExpiredOrder, under lease: Lease) async {
        let intent = order.intent
        do {
            let outcome = intent.total.amount > 0 ? try await gateway.end(Charge(intent)) : nil
            switch outcome {
            case .captured where isRefused(intent.event):
                // Without a reference: the outbox gives the charge back.
                complete(Settlement(order: .cancelled(intent, .eventCancelled), paymentReference: nil))
            case .captured(let reference) where order.isOverdue:
                try await confirmOverdue(intent, Settlement(intent, .captured(reference: reference), time), lease)
            case .captured(let reference):
                complete(Settlement(intent, .captured(reference: reference), time))
            case .declined(let reference):
                complete(Settlement(order: .cancelled(intent, .expired), paymentReference: reference))
            case nil:
                complete(Settlement(order: .cancelled(intent, .expired), paymentReference: nil))
            }
        } catch let error as PaymentError where error.isUnasked {
            // Our own line was too long. The order keeps its units, and the next scan has its charge ended again.
            logger.debug("order.expiry_waits", metadata: ["order.id": "\(intent.order)", "error": "\(error)"])
            queue.withLock { $0.finish([intent.order]) }
        } catch {
            logger.log(
                level: order.isOverdue ? .debug : .warning, "order.expired_unheard",
                metadata: ["order.id": "\(intent.order)", "error": "\(error)"])
            queue.withLock { order.isOverdue ? $0.finish([intent.order]) : $0.leaveUnheard(intent.order) }
            wakeUp()
        }
    }

    /// Ends the holds of orders whose provider gave no word, so that others can buy their units.
    func endHolds(under lease: Lease) async throws {
        while true {
            let orders = queue.withLock { $0.takeUnheard(limit: configuration.batchSize) }
            guard !orders.isEmpty else { return }
            try await endHolds(of: orders[...], under: lease)
            queue.withLock { $0.finish(orders) }
            try await returnUnits()
        }
    }

    /// An order whose hold Postgres refuses to end is found by halving, and never keeps the others from it (P16).
    private func endHolds(of orders: ArraySlice<OrderID>, under lease: Lease) async throws {
        do throws(RepositoryError) {
            guard try await !repository.endHolds(of: Array(orders), under: lease) else { return }
        } catch {
            guard error.code == .rowRejected else { throw error }
            guard orders.count > 1 else { return noteUnsettled(orders[orders.startIndex], error) }
            let middle = orders.startIndex + orders.count / 2
            try await endHolds(of: orders[..<middle], under: lease)
            return try await endHolds(of: orders[middle...], under: lease)
        }
        throw LeaseLost(lease: lease)
    }

    /// Takes units again for an order that is paid after all: first in Redis, so that nobody else is sold them, then in
    /// Postgres. Where there are none any more, the order ends as cancelled and its money goes back by the outbox.
    private func confirmOverdue(_ intent: Intent, _ settlement: Settlement, _ lease: Lease) async throws {
        let refused = Settlement(order: .cancelled(intent, .expired), paymentReference: nil)
        let epoch: Int64
        switch try await store.retake(intent, under: lease) {
        case .taken(let taken): epoch = taken
        case .soldOut, .limitExceeded: return complete(refused)
        case .wait, .fenced: return queue.withLock { $0.finish([intent.order]) }
        }
        do throws(RepositoryError) {
            switch try await repository.confirmOverdue(settlement, of: intent.event, epoch: epoch, under: lease) {
            case .confirmed: metrics.confirmed.increment()
            // The units that were taken come back with the comparison of the stock; nobody can buy them any more.
            case .eventCancelled:
                return complete(Settlement(order: .cancelled(intent, .eventCancelled), paymentReference: nil))
            case .leaseLost, .epochPassed, .gone: break
            }
            queue.withLock { $0.finish([intent.order]) }
        } catch {
            guard error.code == .rowRejected else { throw error }
            // Redis has sold more than there is. The order stays overdue and its units taken, until the stock is loaded
            // anew and says so.
            noteUnsettled(intent.order, error)
            queue.withLock { $0.finish([intent.order]) }
        }
    }

    /// Postgres refused what an order needs: a person should look.
    func noteUnsettled(_ order: OrderID, _ error: any Error) {
        metrics.unsettled.increment()
        logger.error("order.unsettled", metadata: ["order.id": "\(order)", "error": "\(error)"])
    }

    private func complete(_ settlement: Settlement) {
        queue.withLock { $0.complete(settlement) }
        wakeUp()
    }
}
