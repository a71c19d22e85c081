import Foundation
package import Ticketing

extension InMemoryLaneRepository: OutboxRepository {
    package func claimMessages(limit: Int, hidden: Duration) async throws(RepositoryError) -> [OutboxMessage] {
        try access { rows, now throws(RepositoryError) in
            let due = rows.messages.indices.filter {
                !rows.messages[$0].isDelivered && rows.messages[$0].nextTry <= now
            }
            return due.prefix(limit).map { index in
                rows.messages[index].attempts += 1
                rows.messages[index].nextTry = now.addingTimeInterval(hidden / .seconds(1))
                let row = rows.messages[index]
                return OutboxMessage(id: row.id, kind: .void, order: row.order, attempts: row.attempts)
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
        _ message: OutboxMessage, _ failure: String, pause: Duration?
    ) async throws(RepositoryError) {
        try access { rows, now throws(RepositoryError) in
            for index in rows.messages.indices where rows.messages[index].id == message.id {
                rows.messages[index].nextTry = now.addingTimeInterval((pause ?? .zero) / .seconds(1))
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
}
