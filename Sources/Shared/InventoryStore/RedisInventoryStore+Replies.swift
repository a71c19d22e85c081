import RedisClient
import Ticketing

extension ReservationOutcome {
    /// Reads what `reserve.lua` answers; nil when it is not one of its replies.
    init?(reply: [RESPValue], order: OrderID) {
        guard let code = reply.first?.string else { return nil }
        func integer(_ index: Int) -> Int64? { index < reply.count ? reply[index].integer : nil }
        func refused(_ refusal: Refusal) -> ReservationOutcome? {
            integer(1).map { .refused(refusal, mayBeRecorded: $0 == 1) }
        }
        let outcome: ReservationOutcome?
        switch code {
        case "ACCEPTED":
            guard let sequence = integer(1), let committed = integer(2), let price = integer(3), reply.count == 5,
                let currency = reply[4].string.flatMap(Currency.init),
                let money = Money(amount: price, currency: currency)
            else { return nil }
            outcome = .accepted(sequence: sequence, committed: committed, unitPrice: money)
        case "REPLAY": outcome = OrderRecord(id: order, fields: reply[1...]).map { .replay($0) }
        case "REUSED_KEY": outcome = .refused(.reusedKey, mayBeRecorded: false)
        case "SOLD_OUT": outcome = integer(2).flatMap { refused(.soldOut(available: Int($0))) }
        case "LIMIT":
            guard let limit = integer(2), let held = integer(3) else { return nil }
            outcome = refused(.limitExceeded(limit: Int(limit), held: Int(held)))
        case "NOT_OPEN":
            outcome = integer(2).flatMap { refused(.notOpen(opensIn: $0 < 0 ? nil : .milliseconds($0))) }
        case "CLOSED": outcome = refused(.closed)
        case "PAUSED": outcome = refused(.paused)
        case "COLD": outcome = .refused(.cold, mayBeRecorded: true)
        case "ASK": outcome = .ask
        case "BUSY": outcome = refused(.busy)
        default: outcome = nil
        }
        guard let outcome else { return nil }
        self = outcome
    }
}

extension RecoveryOutcome {
    /// Reads what `recover.lua` answers; nil when it is not one of its replies.
    init?(reply: [RESPValue]) {
        let numbers = reply.dropFirst().compactMap { $0.integer.map { Int($0) } }
        switch (reply.first?.string, numbers.count) {
        case ("RECOVERED", 1): self = .recovered(sequence: Int64(numbers[0]))
        case ("KNOWN", 0): self = .known
        case ("SOLD_OUT", 1): self = .soldOut(available: numbers[0])
        case ("LIMIT", 2): self = .limitExceeded(limit: numbers[0], held: numbers[1])
        case ("BUSY", 0): self = .busy
        default: return nil
        }
    }
}

extension RetakeOutcome {
    /// Reads what `retake.lua` answers; nil when it is not one of its replies.
    init?(reply: [RESPValue]) {
        switch (reply.first?.string, reply.dropFirst().first?.integer) {
        case ("TAKEN", let epoch?): self = .taken(epoch: epoch)
        case ("SOLD_OUT", nil): self = .soldOut
        case ("LIMIT", nil): self = .limitExceeded
        case ("WAIT", nil): self = .wait
        case ("FENCED", nil): self = .fenced
        default: return nil
        }
    }
}

extension OrderRecord {
    /// Reads the fields and values of an order record; nil when one that it needs is missing or unreadable.
    init?(id: OrderID, fields: ArraySlice<RESPValue>) {
        var status: OrderStatus?, user: UserID?, event: EventID?, method: PaymentMethod?, currency: Currency?
        var reason: CancellationReason?
        var quantity: Int64?, amount: Int64?, sequence: Int64 = 0, created: Int64 = 0, updated: Int64 = 0
        var tickets: [TicketCode] = []
        var isDeferred = false
        var trace: String?
        var index = fields.startIndex
        while index + 1 < fields.endIndex {
            let value = fields[index + 1]
            switch fields[index].string {
            case "status": status = value.string.flatMap { OrderStatus(rawValue: $0) }
            case "user": user = value.string.flatMap { UserID($0) }
            case "event": event = value.string.flatMap { EventID($0) }
            case "quantity": quantity = value.integer
            case "method": method = value.string.flatMap { PaymentMethod($0) }
            case "amount": amount = value.integer
            case "currency": currency = value.string.flatMap { Currency(rawValue: $0) }
            case "sequence": sequence = value.integer ?? 0
            case "reason": reason = value.string.flatMap { CancellationReason(rawValue: $0) }
            case "tickets": tickets = value.string?.split(separator: " ").compactMap { TicketCode($0) } ?? []
            case "deferred": isDeferred = true
            case "trace": trace = value.string
            case "created": created = value.integer ?? 0
            case "updated": updated = value.integer ?? 0
            default: break  // A field of a later version.
            }
            index += 2
        }
        guard let status, let user, let event, let quantity, let method, let amount, let currency,
            let total = Money(amount: amount, currency: currency)
        else { return nil }
        self.init(
            id: id, user: user, event: event, quantity: Int(quantity), paymentMethod: method, total: total,
            status: status, reason: reason, sequence: sequence, tickets: tickets, createdAt: created,
            updatedAt: updated)
        self.isDeferred = isDeferred
        self.trace = trace
    }
}

extension OrderID {
    /// Reads the 36 bytes of the text form.
    init?(bytes: ArraySlice<UInt8>) { self.init(String(decoding: bytes, as: UTF8.self)) }
}
