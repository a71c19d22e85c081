import Ticketing

/// One partition's Redis keys as plain values, and the rules of `Scripts/` in Swift: each function is one script.
///
/// What the in-memory store runs on, and what the scripts are compared with. No I/O and no clock: `now` is
/// milliseconds since 1970. A script stops on text that is no number; the model has no such state.
package struct InventoryModel: Sendable {
    /// What stands under an event's key.
    enum Event: Hashable, Sendable {
        /// The buyers of this load are being written. Nobody is admitted, and no intent after `since` is of the event.
        case filling(epoch: Int64, since: IntentStream.Position)
        case loaded(LoadedStock)
    }

    struct LoadedStock: Hashable, Sendable {
        let epoch: Int64
        var available: Int
        var returns: Int64
        var terms: SaleTerms
        /// Until when no order record of the event can have expired; 0 when there were orders before the load, or one could
        /// not be put back.
        var remembers: Int64
        /// The server process that it was loaded into.
        let run: Int
    }

    /// What stands under an order's key.
    struct Order: Hashable, Sendable {
        /// nil when the key only says that the units came back.
        var record: OrderRecord?
        var isReleased = false
        /// The load of the stock that units were taken from again.
        var retaken: Int64?
        var expiresAt: Int64?
    }

    var events: [EventID: Event] = [:]
    var buyers: [EventID: [UserID: Int]] = [:]
    var orders: [OrderID: Order] = [:]
    var intents = IntentStream()
    var accepted: Int64 = 0
    var committed: Int64 = 0
    var drainRate = 0
    /// Epoch of the lane that marked the partition last, and the server process that it met.
    var mark: Int64?
    var run: Int?
    /// When a loss of memory was noticed last.
    var lost: Int64?
    /// Counts the server's processes; not one of the keys.
    var server = 1
    /// The entries that were given up on, each as names and values in turn.
    var dead: [[String]] = []

    /// `reserve.lua`.
    mutating func reserve(
        _ reservation: Reservation, backlogLimit: Int, now: Int64
    ) throws(InventoryError) -> ReservationOutcome {
        if let record = order(reservation.order, now: now)?.record {
            guard record.event == reservation.event, record.quantity == reservation.quantity,
                record.paymentMethod == reservation.paymentMethod
            else { return .refused(.reusedKey, mayBeRecorded: false) }
            return .replay(record)
        }
        guard Limits.quantity.contains(reservation.quantity) else {
            throw InventoryError(.unexpectedReply, "INVALID quantity", mayHaveRun: true)
        }
        guard case .loaded(let stock) = events[reservation.event] else { return .refused(.cold, mayBeRecorded: true) }
        let counted = buyers[reservation.event]?[reservation.user]
        let held = counted ?? 0
        let refusal = refusal(of: reservation, stock, held: held, backlogLimit: backlogLimit, now: now)
        let mayBeRecorded = counted != nil && now >= stock.remembers && !reservation.isUnrecorded
        if let refusal { return .refused(refusal, mayBeRecorded: mayBeRecorded) }
        guard !mayBeRecorded else { return .ask }
        guard let total = stock.terms.price.times(reservation.quantity) else {
            throw InventoryError(.unexpectedReply, "INVALID total", mayHaveRun: true)
        }
        take(reservation, from: stock, held: held, total: total, now: now)
        return .accepted(sequence: accepted, committed: committed, unitPrice: stock.terms.price)
    }

    /// Why the reservation is refused, in the order of the script's checks; nil when it is not.
    private func refusal(
        of reservation: Reservation, _ stock: LoadedStock, held: Int, backlogLimit: Int, now: Int64
    ) -> Refusal? {
        let terms = stock.terms
        if terms.state == .closed { return .closed }
        if let closes = terms.closes, closes > 0, now >= closes { return .closed }
        if terms.state == .paused { return .paused }
        if terms.state == .scheduled {
            guard let opens = terms.opens, opens > 0 else { return .notOpen(opensIn: nil) }
            if now < opens { return .notOpen(opensIn: .milliseconds(opens - now)) }
        }
        if held + reservation.quantity > terms.limit { return .limitExceeded(limit: terms.limit, held: held) }
        if stock.available < reservation.quantity { return .soldOut(available: stock.available) }
        if intents.entries.count >= backlogLimit { return .busy }
        return nil
    }

    /// The writes of `reserve.lua`.
    private mutating func take(
        _ reservation: Reservation, from stock: LoadedStock, held: Int, total: Money, now: Int64
    ) {
        let intent = Intent(
            order: reservation.order, user: reservation.user, event: reservation.event,
            quantity: reservation.quantity, total: total, paymentMethod: reservation.paymentMethod,
            trace: reservation.trace)
        intents.append(intent.fields, intent: intent, now: now)
        accepted += 1
        var stock = stock
        stock.available -= reservation.quantity
        events[reservation.event] = .loaded(stock)
        buyers[reservation.event, default: [:]][reservation.user] = held + reservation.quantity
        put(intent, sequence: accepted, now: now)
    }

    /// Writes the record of an order that was just accepted.
    mutating func put(_ intent: Intent, sequence: Int64, now: Int64) {
        var order = order(intent.order, now: now) ?? Order()
        order.record = OrderRecord(
            id: intent.order, user: intent.user, event: intent.event, quantity: intent.quantity,
            paymentMethod: intent.paymentMethod, total: intent.total, status: .pending, reason: nil,
            sequence: sequence, tickets: [], createdAt: now, updatedAt: now)
        order.record?.trace = intent.trace
        orders[intent.order] = order
    }

    /// What stands under the order's key, unless it has expired.
    func order(_ id: OrderID, now: Int64) -> Order? {
        guard let order = orders[id], now < order.expiresAt ?? .max else { return nil }
        return order
    }

    /// The event's stock; nil when none is loaded.
    func stock(of event: EventID) -> Stock? {
        guard case .loaded(let stock) = events[event] else { return nil }
        return Stock(
            available: stock.available, total: stock.terms.total, backlog: intents.entries.count, epoch: stock.epoch,
            returns: stock.returns)
    }
}

extension Intent {
    /// The names and values that `reserve.lua` appends.
    var fields: [String] {
        [
            "order", order.description, "user", user.description, "event", event.description,
            "quantity", String(quantity), "amount", String(total.amount), "currency", total.currency.rawValue,
            "method", paymentMethod.text,
        ] + (trace.map { ["trace", $0] } ?? [])
    }
}
