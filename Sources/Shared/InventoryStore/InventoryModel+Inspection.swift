import Ticketing

extension InventoryModel {
    /// `inspect.lua`.
    func inspect(_ inquiry: StockInquiry, now: Int64) -> StockReading {
        guard let event = events[inquiry.event] else { return .absent }
        guard case .loaded(let stock) = event else { return .filling }
        let backlog = intents.entries.count
        guard inquiry.entries == 0 || backlog <= inquiry.entries else { return .crowded(backlog: backlog) }
        let waiting =
            inquiry.entries == 0 ? [] : intents.entries.compactMap(\.intent).filter { $0.event == inquiry.event }
        var ofBuyers: [UserID: Int] = [:]
        for intent in waiting { ofBuyers[intent.user, default: 0] += intent.quantity }
        let buyers = Set(inquiry.buyers)
        return .stock(
            StockState(
                epoch: stock.epoch, available: stock.available, total: stock.terms.total, returns: stock.returns,
                backlog: backlog, unacknowledged: intents.deliveries.count, delivered: intents.lastDelivered.id,
                inFlight: waiting.map(\.quantity).reduce(0, +),
                held: Dictionary(uniqueKeysWithValues: buyers.map { ($0, self.buyers[inquiry.event]?[$0] ?? 0) }),
                inFlightOfBuyers: Dictionary(uniqueKeysWithValues: buyers.map { ($0, ofBuyers[$0] ?? 0) }),
                released: Set(inquiry.orders.filter { order($0, now: now)?.isReleased ?? false }),
                retaken: Set(inquiry.orders.filter { order($0, now: now)?.retaken == stock.epoch })))
    }
}
