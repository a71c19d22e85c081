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

/// What happens to orders whose payment does not come in time. The provider is asked to end the charge, and its word decides.
/// While it gives none, the order stays pending and its units are sold to others; a charge that turns out to be captured
/// then takes units again, or is given back.
extension Settler {
    /// Orders whose charge is to be ended and is not being ended yet, and the next page of the overdue ones.
    func expiredOrders(overdueAfter position: inout OrderID?) async throws -> [ExpiredOrder] {
        let expired = try await repository.expiredOrders(
            in: partition, olderThan: configuration.hold, limit: configuration.batchSize)
        let overdue = try await repository.overdueOrders(
            in: partition, after: position, limit: configuration.batchSize)
        position = overdue.count == configuration.batchSize ? overdue.last?.order : nil
        return queue.withLock { queue in
            queue.expire(expired).map { ExpiredOrder(intent: $0, isOverdue: false) }
                + queue.expire(overdue).map { ExpiredOrder(intent: $0, isOverdue: true) }
        }
    }

    func expire(_ order: ExpiredOrder, under lease: Lease) async {
        let intent = order.intent
        do {
            let outcome = intent.total.amount > 0 ? try await gateway.end(intent.order) : nil
            switch outcome {
            case .captured(let reference) where order.isOverdue:
                try await confirmOverdue(intent, Settlement(intent, .captured(reference: reference), time), lease)
            case .captured(let reference):
                complete(Settlement(intent, .captured(reference: reference), time))
            case .declined(let reference):
                complete(Settlement(order: .cancelled(intent, .expired), paymentReference: reference))
            case nil:
                complete(Settlement(order: .cancelled(intent, .expired), paymentReference: nil))
            }
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
            guard try await repository.endHolds(of: orders, under: lease) else { throw LeaseLost(lease: lease) }
            queue.withLock { $0.finish(orders) }
            try await returnUnits()
        }
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
            let outcome = try await repository.confirmOverdue(
                settlement, of: intent.event, epoch: epoch, under: lease)
            if outcome == .confirmed { metrics.confirmed.increment() }
            queue.withLock { $0.finish([intent.order]) }
        } catch {
            guard error.code == .rowRejected else { throw error }
            complete(refused)
        }
    }

    private func complete(_ settlement: Settlement) {
        queue.withLock { $0.complete(settlement) }
        wakeUp()
    }
}
