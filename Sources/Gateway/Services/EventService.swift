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
    let logger: Logger

    func create(_ draft: EventDraft, by actor: UserID) async throws -> EventResponse {
        let event = try await repository.createEvent(try draft.details())
        catalog.forget(event.id)
        logger.notice(
            "event.created", metadata: [LogKey.eventID: "\(event.id)", LogKey.userID: "\(actor)"])
        return EventResponse(event)
    }

    func change(_ id: EventID, _ draft: EventDraft, by actor: UserID) async throws -> EventResponse {
        // The rules are checked on the row as it is under its lock, so two changes cannot break them together.
        let refusal = Mutex<Problem?>(nil)
        let event = try await update(id, by: actor) { details in
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
        let event = try await update(id, by: actor) { $0.saleState = state }
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

    private func update(
        _ id: EventID, by actor: UserID, _ change: @Sendable (inout EventDetails) -> Void
    ) async throws -> Event {
        let event: Event?
        do throws(RepositoryError) {
            event = try await repository.updateEvent(id, by: actor, change)
        } catch {
            if error.code == .eventCancelled { throw EventProblems.cancelled }
            guard error.code == .capacityBelowSold else { throw error }
            throw Problem(.capacityBelowSold, "More tickets than that are sold or pending.")
        }
        guard let event else { throw EventProblems.notFound }
        catalog.forget(id)
        return event
    }
}
