package import Foundation
package import Ticketing

extension InMemoryLaneRepository: OutboxRepository {
    package func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] {
        try access { rows, now throws(RepositoryError) in
            let due = rows.messages.indices.filter {
                !rows.messages[$0].isDelivered && !rows.messages[$0].isDead && rows.messages[$0].nextTry <= now
            }
            return due.prefix(limit).map { index in
                rows.messages[index].attempts += 1
                rows.messages[index].nextTry = now.addingTimeInterval(hidden / .seconds(1))
                let row = rows.messages[index]
                let payment = rows.orders[row.order].map {
                    OutboxMessage.Payment(total: $0.intent.total, method: $0.intent.paymentMethod)
                }
                return OutboxMessage(
                    id: row.id, kind: .void, order: row.order, attempts: row.attempts, payment: payment)
            }
        }
    }

    package func markDelivered(_ message: OutboxMessage) async throws(RepositoryError) {
        try access { rows, _ throws(RepositoryError) in
            for index in rows.messages.indices where rows.messages[index].id == message.id {
                rows.messages[index].isDelivered = true
            }
        }
    }

    package func markFailed(
        _ message: OutboxMessage, _ failure: String, pause: Duration
    ) async throws(RepositoryError) {
        try access { rows, now throws(RepositoryError) in
            for index in rows.messages.indices where rows.messages[index].id == message.id {
                rows.messages[index].nextTry = now.addingTimeInterval(pause / .seconds(1))
            }
        }
    }

    package func giveUp(
        _ message: OutboxMessage, _ failure: String, refund: String?
    ) async throws(RepositoryError) {
        try access { rows, _ throws(RepositoryError) in
            for index in rows.messages.indices where rows.messages[index].id == message.id {
                rows.messages[index].isDead = true
            }
        }
    }

    package func recordRefund(of order: OrderID, charge: String, refund: String) async throws(RepositoryError) {
        try access { rows, _ throws(RepositoryError) in
            guard let row = rows.orders[order], row.state.status == .cancelled else { return }
            rows.orders[order]?.state = SettledOrder(
                id: order, status: .refunded, reason: row.state.reason, tickets: [])
            rows.payments.append(LaneRows.PaymentRow(order: order, isCaptured: true, reference: charge))
            _ = rows.list([order], in: row.partition)
        }
    }

    /// The rows have no refunds but those of voids, so there is none to settle.
    package func settleRefund(_ id: UUID, reference: String) async throws(RepositoryError) {
        throw RepositoryError(.failed, "there is no refund \(id)")
    }

    /// The rows do not say since when an order is as it is, so its age counts from its begin.
    package func chargeStandings(
        of orders: [OrderID]
    ) async throws(RepositoryError) -> [OrderID: ChargeStanding] {
        try access { rows, now throws(RepositoryError) in
            var standings: [OrderID: ChargeStanding] = [:]
            for order in orders {
                guard let row = rows.orders[order] else { continue }
                let open = rows.messages.filter { $0.order == order && !$0.isDelivered }
                standings[order] = ChargeStanding(
                    status: row.state.status, age: .seconds(now.timeIntervalSince(row.createdAt)),
                    refundAge: row.state.status == .refunded ? .zero : nil,
                    void: open.isEmpty ? .none : open.contains { !$0.isDead } ? .waiting : .dead)
            }
            return standings
        }
    }

    package func addVoid(of order: OrderID) async throws(RepositoryError) -> Bool {
        try access { rows, _ throws(RepositoryError) in
            guard rows.orders[order]?.state.status == .cancelled,
                !rows.messages.contains(where: { $0.order == order && !$0.isDelivered })
            else { return false }
            rows.void(order)
            return true
        }
    }

    package func reviewRefunds(of order: OrderID) async throws(RepositoryError) -> Bool {
        try access { rows, now throws(RepositoryError) in
            let made = rows.messages.indices.filter {
                rows.messages[$0].order == order && rows.messages[$0].isDelivered
            }
            for index in made {
                rows.messages[index].isDelivered = false
                rows.messages[index].nextTry = now
            }
            return !made.isEmpty
        }
    }

    package func depth() async throws(RepositoryError) -> OutboxDepth {
        try access { rows, _ throws(RepositoryError) in
            let waiting = rows.messages.count { !$0.isDelivered && !$0.isDead }
            return OutboxDepth(
                waiting: waiting + rows.outbox.count { !$0.isDelivered }, oldest: .zero,
                dead: rows.messages.count { $0.isDead })
        }
    }
}
