import Ticketing

extension InventoryModel {
    /// `acknowledge.lua`: returns how many entries were taken off now.
    mutating func acknowledge(_ entries: [StreamEntryID], drainRate: Int) -> Int {
        let removed = intents.remove(entries).count
        self.drainRate = drainRate
        committed += Int64(removed)
        return removed
    }

    /// `publish.lua`: returns how many records moved.
    @discardableResult
    mutating func publish(_ settled: [SettledOrder], now: Int64) -> Int {
        settled.count { settlement in
            guard let record = order(settlement.id, now: now)?.record, record.status.rank < settlement.status.rank
            else { return false }
            settle(record, settlement, now: now)
            return true
        }
    }

    /// `mark.lua`.
    mutating func mark(_ epoch: Int64, now: Int64) -> MarkOutcome {
        if let mark, mark > epoch { return .fenced }
        defer { mark = epoch }
        if let mark, run == server { return mark == epoch ? .current : .marked }
        run = server
        lost = now
        return mark == nil ? .empty : .restarted
    }

    /// `recover.lua`.
    mutating func recover(_ intent: Intent, backlogLimit: Int, now: Int64) -> RecoveryOutcome {
        guard order(intent.order, now: now)?.record == nil else { return .known }
        let held = buyers[intent.event]?[intent.user] ?? 0
        if case .loaded(var stock) = events[intent.event] {
            let isWithinLimit = held + intent.quantity <= stock.terms.limit
            guard isWithinLimit, stock.available >= intent.quantity else {
                buyers[intent.event, default: [:]][intent.user] = held
                stock.remembers = 0
                stock.returns += 1
                events[intent.event] = .loaded(stock)
                return isWithinLimit
                    ? .soldOut(available: stock.available) : .limitExceeded(limit: stock.terms.limit, held: held)
            }
        }
        guard intents.entries.count < backlogLimit else { return .busy }
        intents.append(intent.fields, intent: intent, now: now)
        accepted += 1
        switch events[intent.event] {
        case .loaded(var stock):
            stock.available -= intent.quantity
            events[intent.event] = .loaded(stock)
            buyers[intent.event, default: [:]][intent.user] = held + intent.quantity
        case .filling(let epoch, _): events[intent.event] = .filling(epoch: epoch, since: intents.last)
        case nil: break
        }
        put(intent, sequence: accepted, now: now)
        return .recovered(sequence: accepted)
    }

    /// `reject.lua`.
    mutating func reject(_ rejection: Rejection, laneEpoch: Int64, now: Int64) -> RejectOutcome {
        guard mark == laneEpoch || !intents.contains(rejection.entry) else { return .fenced }
        guard let entry = intents.remove([rejection.entry]).first else { return .gone }
        committed += 1
        if let intent = rejection.intent {
            if case .loaded(var stock) = events[intent.event] {
                returnToBuyer(intent.user, of: intent.event, intent.quantity)
                stock.available += intent.quantity
                stock.returns += 1
                events[intent.event] = .loaded(stock)
            }
            if let record = order(intent.order, now: now)?.record, record.status == .pending {
                let settled =
                    rejection.settled ?? SettledOrder(id: intent.order, status: .cancelled, reason: nil, tickets: [])
                settle(record, settled, now: now)
            }
        }
        if let note = rejection.note { dead.append(entry.fields.prefix(128) + ["rejected", note]) }
        return .rejected
    }

    /// The record as `settlement` leaves it: a reason and tickets are added and never taken away.
    private mutating func settle(_ record: OrderRecord, _ settlement: SettledOrder, now: Int64) {
        var moved = OrderRecord(
            id: record.id, user: record.user, event: record.event, quantity: record.quantity,
            paymentMethod: record.paymentMethod, total: record.total, status: settlement.status,
            reason: settlement.reason ?? record.reason, sequence: record.sequence,
            tickets: settlement.tickets.isEmpty ? record.tickets : settlement.tickets, createdAt: record.createdAt,
            updatedAt: now)
        moved.isDeferred = record.isDeferred
        moved.trace = record.trace
        orders[record.id]?.record = moved
        if settlement.status.isFinal { orders[record.id]?.expiresAt = now + InventoryModel.finalRecordLifetime }
    }

    /// The buyer's count falls, never below zero, and stays.
    mutating func returnToBuyer(_ user: UserID, of event: EventID, _ quantity: Int) {
        buyers[event, default: [:]][user] = max(0, (buyers[event]?[user] ?? 0) - quantity)
    }

    static let finalRecordLifetime = Int64(InventoryConfiguration.finalRecordLifetime / .milliseconds(1))
}

extension OrderStatus {
    /// How far along a status is; a record moves to a higher rank only.
    fileprivate var rank: Int {
        switch self {
        case .pending: 1
        case .paid: 2
        case .confirmed, .cancelled: 3
        case .refunded: 4
        }
    }
}
