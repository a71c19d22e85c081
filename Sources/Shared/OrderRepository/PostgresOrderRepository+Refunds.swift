import Foundation
import PostgresClient
package import Ticketing

extension PostgresOrderRepository: RefundRepository {
    package func requestRefund(_ request: RefundRequest) async throws(RepositoryError) -> RefundDecision {
        do {
            return try await postgres.withTransaction { connection in
                guard try await connection.query(LockOrder.query(request.order)).rows.first != nil else {
                    return .unknownOrder
                }
                // Under the lock, by statements of their own: each sees what the one before had waited for.
                guard let row = try await connection.query(SelectOrder.query(request.order)).rows.first else {
                    return .unknownOrder
                }
                let order = try Order(row)
                if let key = request.key,
                    let known = try await connection.query(SelectRefundRequest.query(request.order, key)).rows.first
                {
                    let isSame = try known.decode(String.self) == request.fingerprint
                    return isSame ? .accepted(order) : .refused(.reusedKey)
                }
                let live = try await connection.query(SelectLiveTickets.query(order.id)).rows.map {
                    try LiveTicket($0)
                }
                let plan: RefundPlan
                do throws(RefundRefused) { plan = try RefundPlan(order, live, tickets: request.tickets) } catch {
                    return .refused(error.refusal)
                }
                let cancelled = try await connection.query(CancelTickets.query(order.id, plan.tickets)).affected
                guard cancelled == plan.tickets.count else { throw TicketsMoved() }
                _ = try await connection.query(InsertRefund.query(UUID(), plan, request))
                let changed = try await connection.query(SelectOrder.query(request.order)).rows
                return .accepted(try changed.first.map { try Order($0) } ?? order)
            }
        } catch is TicketsMoved {
            throw RepositoryError(.unavailable, "a ticket was used or handed on at this instant")
        } catch {
            throw RepositoryError(error)
        }
    }

    package func cancelEvent(
        _ id: EventID, reason: String?, by actor: UserID
    ) async throws(RepositoryError) -> Event? {
        do {
            return try await postgres.withTransaction { connection in
                guard try await connection.query(SelectEvent.locked(id)).rows.first != nil,
                    let before = try await connection.query(InsertAudit.row(of: id)).rows.first
                else { return nil }
                if try await connection.query(CancelEvent.query(id, reason: reason)).affected > 0 {
                    _ = try await connection.query(
                        InsertAudit.query(.eventCancelled, by: actor, on: id, before: try before.decode(String.self)))
                }
                return try await connection.query(SelectEvent.query(id)).rows.first.map { try Event($0) }
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func deleteEvent(_ id: EventID, by actor: UserID) async throws(RepositoryError) -> EventDeletion {
        do {
            return try await postgres.withTransaction { connection in
                guard try await connection.query(LockEvent.query(id)).rows.first != nil,
                    let use = try await connection.query(SelectEventUse.query(id)).rows.first,
                    let before = try await connection.query(InsertAudit.row(of: id)).rows.first
                else { return .unknown }
                let (hasOrders, isOnSale) = try use.decode(Bool.self, Bool.self)
                guard !hasOrders else { return .hasOrders }
                guard !isOnSale else { return .onSale }
                _ = try await connection.query(DeleteEvent.query(id))
                _ = try await connection.query(
                    InsertAudit.query(
                        .eventDeleted, by: actor, on: id.description, before: try before.decode(String.self),
                        after: nil))
                return .deleted
            }
        } catch {
            throw RepositoryError(error)
        }
    }

    package func record(_ event: ProviderEvent) async throws(RepositoryError) -> ProviderEvent? {
        do {
            return try await postgres.withTransaction { connection -> ProviderEvent? in
                guard let row = try await connection.query(InsertProviderEvent.query(event)).rows.first else {
                    return nil
                }
                var noted = event
                noted.order = try row.decode("order_id")
                guard let order = noted.order else { return noted }
                if event.isCapture { _ = try await connection.query(InsertVoid.query(order)) }
                if event.isFailedRefund { _ = try await connection.query(ReviewRefunds.query(order)) }
                return noted
            }
        } catch {
            throw RepositoryError(error)
        }
    }
}

/// A ticket of a refund was changed by somebody who does not lock its order.
private struct TicketsMoved: Error {}
