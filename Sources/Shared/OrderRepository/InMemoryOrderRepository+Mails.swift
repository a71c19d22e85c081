import Foundation
package import Ticketing

extension InMemoryOrderRepository {
    package func mails(of order: OrderID) async throws(RepositoryError) -> [OrderMail] {
        try access { state throws(RepositoryError) in (state.mails[order] ?? []).reversed() }
    }

    package func resendConfirmation(
        of order: OrderID, by user: UserID, pause: Duration
    ) async throws(RepositoryError) -> ResendOutcome {
        try access { state throws(RepositoryError) in
            guard let row = state.orders[order], row.user == user else { return .notFound }
            guard row.status == .confirmed else { return .notConfirmed }
            let confirmations = (state.mails[order] ?? []).filter { $0.kind == .orderConfirmed }
            if let waiting = confirmations.last(where: { $0.state == .waiting }) { return .waiting(waiting) }
            if let last = confirmations.last {
                let age = Duration.seconds(now().timeIntervalSince(last.createdAt))
                if age < pause { return .tooSoon(pause - age) }
            }
            let mail = OrderMail(
                kind: .orderConfirmed, state: .waiting, attempts: 0, createdAt: now(), sentAt: nil, failureCode: nil)
            state.mails[order, default: []].append(mail)
            return .waiting(mail)
        }
    }
}
