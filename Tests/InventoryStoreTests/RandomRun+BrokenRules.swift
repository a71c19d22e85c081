import Ticketing

@testable import InventoryStore

extension RandomRun {
    /// Changes the model so that the operation breaks the rule under test.
    func breakRule(before operation: Operation) throws {
        guard let brokenRule else { return }
        let names = modelNames
        try memory.with(.first) { model, _ in
            switch (brokenRule, operation) {
            case (.stockBeforeLimit, .reserve(let wish)):
                // Units are gone although the buyer's limit refuses.
                if case .loaded(var stock) = model.events[wish.event], model.orders[wish.order] == nil,
                    stock.terms.state == .open, wish.quantity > 0,
                    (model.buyers[wish.event]?[wish.user] ?? 0) > stock.terms.limit - min(wish.quantity, 100)
                {
                    stock.available -= min(wish.quantity, 100)
                    model.events[wish.event] = .loaded(stock)
                }
            case (.replayOfAnyBody, .reserve(let wish)):
                if model.orders[wish.order]?.record?.quantity != wish.quantity { model.orders[wish.order] = nil }
            case (.releaseTwice, .release(let release)):
                model.orders[release.order]?.isReleased = false
            case (.acknowledgeCountsAgain, .acknowledge(let entries, _)):
                let present = Set(model.intents.entries.map(\.position.id.text))
                model.committed += Int64(Set(entries).count { !present.contains(names.ids[$0]) })
            case (.publishMovesBack, .publish(let orders)):
                for settled in orders where model.orders[settled.id]?.record?.status == .refunded {
                    model.orders[settled.id]?.record = nil
                }
            case (.loadIgnoresStream, .load):
                model.intents.remove(model.intents.entries.map(\.position.id))
            case (.amendForgetsDifference, .amend(let event, let terms, _)):
                if case .loaded(var stock) = model.events[event], stock.terms.revision < terms.revision {
                    stock.available -= terms.total - stock.terms.total
                    model.events[event] = .loaded(stock)
                }
            case (.rejectTakesNothingBack, .reject(_, let intent?, _, _, _)):
                if case .loaded(var stock) = model.events[intent.event] {
                    stock.available -= intent.quantity
                    model.events[intent.event] = .loaded(stock)
                }
            case (.oldLoadWins, .load(let load, _)): model.events[load.event] = nil
            case (.buyerForgottenAtZero, .release(let release)):
                if model.buyers[release.event]?[release.user] == 0 {
                    model.buyers[release.event]?[release.user] = nil
                }
            default: break
            }
        }
    }
}
