import Foundation
package import Ticketing

extension InMemoryOrderRepository: RefundRepository {
    package func requestRefund(_ request: RefundRequest) async throws(RepositoryError) -> RefundDecision {
        try access { state throws(RepositoryError) in
            guard var order = state.orders[request.order] else { return .unknownOrder }
            if let key = request.key, let known = state.refundKeys[order.id]?[key] {
                return known == request.fingerprint ? .accepted(order) : .refused(.reusedKey)
            }
            let plan: RefundPlan
            let live = order.tickets.map { LiveTicket(original: $0.code, code: $0.code, status: $0.status) }
            do throws(RefundRefused) { plan = try RefundPlan(order, live, tickets: request.tickets) } catch {
                return .refused(error.refusal)
            }
            for index in order.tickets.indices where plan.tickets.contains(order.tickets[index].code) {
                order.tickets[index].status = .cancelled
            }
            order.refunds.append(
                OrderRefund(
                    amount: plan.amount, status: plan.amount.amount > 0 ? .requested : .refunded, createdAt: now()))
            order.updatedAt = now()
            if plan.isWhole {
                order.status = .refunded
                state.events[order.event]?.availableTickets += order.quantity
            }
            state.orders[order.id] = order
            if let key = request.key { state.refundKeys[order.id, default: [:]][key] = request.fingerprint }
            return .accepted(order)
        }
    }

    package func cancelEvent(
        _ id: EventID, reason: String?, by actor: UserID
    ) async throws(RepositoryError) -> Event? {
        try access { state throws(RepositoryError) in
            guard var event = state.events[id] else { return nil }
            guard event.cancelledAt == nil else { return event }
            event.cancelledAt = now()
            event.updatedAt = now()
            event.details.saleState = .closed
            state.events[id] = event
            return event
        }
    }

    /// Whether stock was ever loaded is not known here: an event that is not closed counts as on sale.
    package func deleteEvent(_ id: EventID, by actor: UserID) async throws(RepositoryError) -> EventDeletion {
        try access { state throws(RepositoryError) in
            guard let event = state.events[id] else { return .unknown }
            guard !state.orders.values.contains(where: { $0.event == id }) else { return .hasOrders }
            guard event.details.saleState == .closed else { return .onSale }
            state.events[id] = nil
            return .deleted
        }
    }

    package func record(_ event: ProviderEvent) async throws(RepositoryError) -> ProviderEvent? {
        try access { state throws(RepositoryError) in
            guard state.providerEvents[event.id] == nil else { return nil }
            state.providerEvents[event.id] = event
            return event
        }
    }

    /// What was taken note of, by id.
    package var providerEvents: [String: ProviderEvent] {
        get async throws(RepositoryError) { try access { state throws(RepositoryError) in state.providerEvents } }
    }
}
