import InventoryStore
import Logging
import Observability
import OrderRepository
import Synchronization
import Ticketing

/// What administrators do to events. Postgres is changed; Redis follows through the event's lane within a second.
struct EventService<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    let inventory: Inventory
    let repository: Repository
    let catalog: EventCatalog<Repository>
    let limits: GatewayLimits
    let logger: Logger

    func create(_ draft: EventDraft, by actor: UserID) async throws -> EventResponse {
        let event = try await repository.createEvent(try draft.details(), by: actor)
        await catalog.forget(event.id)
        logger.notice(
            "event.created", metadata: [LogKey.eventID: "\(event.id)", LogKey.userID: "\(actor)"])
        return EventResponse(event)
    }

    func change(_ id: EventID, _ draft: EventDraft, by actor: UserID) async throws -> EventResponse {
        if let capacity = draft.totalTickets { try await checkCapacity(capacity, of: id) }
        // The rules are checked on the row as it is under its lock, so two changes cannot break them together.
        let refusal = Mutex<Problem?>(nil)
        let event = try await update(id, by: actor, as: .eventChanged) { details in
            do throws(Problem) { try draft.check(changing: &details) } catch {
                refusal.withLock { $0 = error }
            }
        }
        if let refusal = refusal.withLock({ $0 }) { throw refusal }
        logger.notice("event.changed", metadata: [LogKey.eventID: "\(id)", LogKey.userID: "\(actor)"])
        return EventResponse(event)
    }

    /// Opens, pauses or closes a sale.
    func setSale(_ state: SaleState, of id: EventID, by actor: UserID) async throws -> EventResponse {
        let event = try await update(id, by: actor, as: .saleSet) { $0.saleState = state }
        logger.notice(
            "event.sale_set",
            metadata: [
                LogKey.eventID: "\(id)", LogKey.userID: "\(actor)", LogKey.setting: "\(state.rawValue)",
            ])
        return EventResponse(event)
    }

    func ledger(of id: EventID) async throws -> SaleLedger {
        try await SaleLedger.repeated {
            // Postgres first: what is accepted between the reads then shows as in flight, not as missing.
            guard let books = try await repository.ledger(of: id) else { throw EventProblems.notFound }
            // The books of Postgres are of use without Redis; its part of the answer is then absent.
            return SaleLedger(event: id, books, try? await inventory.stock(of: id))
        }
    }

    /// Refuses a capacity below what is sold, pending or in flight: accepted by Redis, and not yet in Postgres.
    ///
    /// What Redis accepts between this look and the lane's next tick (200 ms) is not known here. Should it be more than
    /// the new capacity has, Postgres takes what there is room for, in the order of acceptance, and the lane ends the
    /// rest as sold out: that is what keeps the promises, this only keeps organisers from cutting people off.
    private func checkCapacity(_ capacity: Int, of id: EventID) async throws {
        guard let event = try await repository.event(id) else { throw EventProblems.notFound }
        guard capacity < event.details.totalTickets else { return }
        let stock: Stock?
        do throws(InventoryError) { stock = try await inventory.stock(of: id) } catch {
            throw Problem(
                .overloaded, "How many tickets are being bought cannot be seen at the moment. Try again.",
                retryAfter: limits.overloadedRetryAfter)
        }
        // Without loaded stock nobody is being admitted.
        guard let stock else { return }
        // By Redis' own total, which moves together with what is available: an earlier change may not be there yet.
        let taken = stock.total - stock.available
        guard capacity >= taken else { throw EventProblems.capacityBelowSold(lowest: taken) }
    }

    private func update(
        _ id: EventID, by actor: UserID, as action: AuditAction, _ change: @Sendable (inout EventDetails) -> Void
    ) async throws -> Event {
        let event: Event?
        do throws(RepositoryError) {
            event = try await repository.updateEvent(id, by: actor, as: action, change)
        } catch {
            if error.code == .eventCancelled { throw EventProblems.cancelled }
            guard error.code == .capacityBelowSold, let event = try await repository.event(id) else { throw error }
            throw EventProblems.capacityBelowSold(lowest: event.details.totalTickets - event.availableTickets)
        }
        guard let event else { throw EventProblems.notFound }
        await catalog.forget(id)
        return event
    }
}
