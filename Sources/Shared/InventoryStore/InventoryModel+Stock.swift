import Ticketing

extension InventoryModel {
    /// `fill.lua` for one page: returns false when nothing was written.
    @discardableResult
    mutating func fill(
        _ event: EventID, epoch: Int64, isFirst: Bool, _ page: some Sequence<(user: UserID, units: Int)>
    ) -> Bool {
        var since = intents.last
        switch events[event] {
        case .loaded(let stock):
            guard stock.epoch < epoch, isFirst else { return false }
        case .filling(let current, let begin):
            guard isFirst ? current <= epoch : current == epoch else { return false }
            since = begin
        case nil:
            guard isFirst else { return false }
        }
        if isFirst {
            buyers[event] = nil
            events[event] = .filling(epoch: epoch, since: since)
        }
        for (user, units) in page { buyers[event, default: [:]][user] = units }
        return true
    }

    /// `load.lua`: only what it loads counts of `stock`, and how many buyers there are.
    mutating func load(_ stock: StockLoad, laneEpoch: Int64, now: Int64) -> LoadOutcome {
        guard mark == laneEpoch else { return mark == nil ? .wait : .fenced }
        let (event, epoch) = (stock.event, stock.epoch)
        switch events[event] {
        case .loaded(let loaded): return loaded.epoch >= epoch ? .current : .wait
        case .filling(let current, _) where current > epoch: return .current
        case .filling(let current, _) where current < epoch: return .wait
        case .filling(_, let since):
            if epoch > 1, let oldest = intents.entries.first?.position, oldest <= since { return .wait }
            guard buyers[event]?.count ?? 0 == stock.buyers.count else { return .wait }
        case nil: return .wait
        }
        events[event] = .loaded(
            LoadedStock(
                epoch: epoch, available: stock.available, returns: 0, terms: stock.terms,
                remembers: stock.buyers.isEmpty ? now + InventoryModel.finalRecordLifetime : 0, run: server))
        return .loaded
    }

    /// `release.lua`.
    mutating func release(_ release: StockRelease, now: Int64) -> ReleaseOutcome {
        guard case .loaded(var stock) = events[release.event], stock.epoch >= release.epoch else { return .wait }
        guard stock.epoch == release.epoch else { return .stale }
        var order = order(release.order, now: now) ?? Order()
        guard !order.isReleased else { return .already }
        order.isReleased = true
        if order.record == nil { order.expiresAt = now + InventoryModel.finalRecordLifetime }
        orders[release.order] = order
        returnToBuyer(release.user, of: release.event, release.quantity)
        stock.returns += 1
        stock.available += release.quantity
        events[release.event] = .loaded(stock)
        return .released
    }

    /// `retake.lua`.
    mutating func retake(_ intent: Intent, laneEpoch: Int64, now: Int64) -> RetakeOutcome {
        guard mark == laneEpoch else { return .fenced }
        guard case .loaded(var stock) = events[intent.event] else { return .wait }
        var order = order(intent.order, now: now) ?? Order()
        guard order.retaken != stock.epoch else { return .taken(epoch: stock.epoch) }
        let held = buyers[intent.event]?[intent.user] ?? 0
        guard held + intent.quantity <= stock.terms.limit else { return .limitExceeded }
        guard stock.available >= intent.quantity else { return .soldOut }
        order.retaken = stock.epoch
        if order.record == nil { order.expiresAt = now + InventoryModel.finalRecordLifetime }
        orders[intent.order] = order
        buyers[intent.event, default: [:]][intent.user] = held + intent.quantity
        stock.available -= intent.quantity
        events[intent.event] = .loaded(stock)
        return .taken(epoch: stock.epoch)
    }

    /// `amend.lua`.
    mutating func amend(_ event: EventID, _ terms: SaleTerms, grace: Int64, now: Int64) -> AmendOutcome {
        guard case .loaded(var stock) = events[event], stock.run == server else {
            if case .loaded = events[event] { events[event] = nil }
            return lost.map { now < $0 + grace } ?? false ? .quiet : .cold
        }
        guard stock.terms.revision < terms.revision else { return .current }
        if stock.terms.total != terms.total {
            stock.available += terms.total - stock.terms.total
            stock.returns += 1
        }
        stock.terms = terms
        events[event] = .loaded(stock)
        return .amended
    }
}
