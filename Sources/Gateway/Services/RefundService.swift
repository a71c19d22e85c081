import InventoryStore
import Logging
import Observability
import OrderRepository
import Ticketing

/// Gives money back on an administrator's word: for an order, for some of its tickets, for all of an event. Postgres is
/// changed, and the worker carries it out.
struct RefundService<Inventory: InventoryStore, Repository: OrderRepository & RefundRepository>: Sendable {
    let inventory: Inventory
    let repository: Repository
    let catalog: EventCatalog<Repository>
    let partitioning: Partitioning
    let limits: GatewayLimits
    let logger: Logger

    /// Takes tickets away and has their refund under way; returns how the order then stands.
    func refund(_ request: RefundRequest) async throws -> OrderView {
        guard Int(request.order.partition.number) < partitioning.count else { throw RefundProblems.unknownOrder }
        // First, so that no read shows the order as it was once it has changed.
        do { try await inventory.deferToPostgres(request.order) } catch { throw later }
        switch try await repository.requestRefund(request) {
        case .unknownOrder: throw RefundProblems.unknownOrder
        case .refused(let refusal): throw RefundProblems.problem(for: refusal)
        case .accepted(let order):
            logger.notice(
                "order.refund_requested",
                metadata: [LogKey.orderID: "\(order.id)", LogKey.userID: "\(request.actor)"])
            return OrderView(order)
        }
    }

    func cancel(_ id: EventID, reason: String?, by actor: UserID) async throws -> EventResponse {
        guard let event = try await repository.cancelEvent(id, reason: reason, by: actor) else {
            throw EventProblems.notFound
        }
        await catalog.forget(id)
        logger.notice("event.cancelled", metadata: [LogKey.eventID: "\(id)", LogKey.userID: "\(actor)"])
        return EventResponse(event)
    }

    func delete(_ id: EventID, by actor: UserID) async throws {
        switch try await repository.deleteEvent(id, by: actor) {
        case .unknown: throw EventProblems.notFound
        case .hasOrders:
            throw Problem(.eventHasOrders, "Tickets of this event were ordered. Cancel it, which gives the money back.")
        case .onSale:
            throw Problem(.eventOnSale, "Close the event's sale, and delete it some seconds later.")
        case .deleted:
            await catalog.forget(id)
            logger.notice("event.deleted", metadata: [LogKey.eventID: "\(id)", LogKey.userID: "\(actor)"])
        }
    }

    private var later: Problem {
        Problem(
            .overloaded, "The refund cannot be asked for at the moment. Send it again.",
            retryAfter: limits.overloadedRetryAfter)
    }
}

/// What a refused refund is told.
enum RefundProblems {
    static let unknownOrder = Problem(.orderNotFound, "There is no such order.")

    static func problem(for refusal: RefundRefusal) -> Problem {
        switch refusal {
        case .notConfirmed(let status):
            Problem(
                .orderNotRefundable, "The order is \(status.rawValue); only a confirmed one can be refunded.")
        case .unknownTicket(let code):
            Problem.validation([FieldError("tickets", "the order has no ticket \(code)")])
        case .ticketNotValid(let code, let status):
            Problem(.ticketNotRefundable, "Ticket \(code) is \(status.rawValue); only a valid one can be refunded.")
        case .noTickets: Problem(.ticketNotRefundable, "No ticket of the order is left to be refunded.")
        case .reusedKey:
            Problem(.idempotencyKeyReused, "This Idempotency-Key was used before for another refund of the order.")
        }
    }
}
