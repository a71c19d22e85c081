import RedisClient
import Ticketing

/// Reads a partition's stream on a connection of its own, since it waits there (P38).
package struct RedisIntentReader: IntentReader {
    let connection: RedisBlockingConnection
    let stream: String
    let consumer: String

    /// How much longer than Redis waits for entries the connection waits for Redis.
    private static let grace: Duration = .seconds(5)

    func createGroup() async throws(InventoryError) {
        do {
            _ = try await connection.send(
                RedisCommand("XGROUP", "CREATE", .init(stream), .init(InventoryConfiguration.group), "0", "MKSTREAM"))
        } catch {
            // With memory full no group is made; most likely there is one, and a read says it when there is none.
            guard ["BUSYGROUP", "OOM"].contains(error.serverError?.prefix) else { throw InventoryError(error) }
        }
    }

    package func next(limit: Int, wait: Duration) async throws(InventoryError) -> [IntentDelivery] {
        // `BLOCK 0` would wait for ever.
        let milliseconds = Int(wait / .milliseconds(1))
        let block: [RedisArgument] = milliseconds > 0 ? ["BLOCK", .init(milliseconds)] : []
        let arguments: [RedisArgument] =
            ["XREADGROUP", "GROUP", .init(InventoryConfiguration.group), .init(consumer), "COUNT", .init(limit)]
            + block + ["STREAMS", .init(stream), ">"]
        let reply = try await withGroup { () async throws(RedisClientError) in
            try await connection.send(
                RedisCommand(arguments: arguments), timeout: wait + RedisIntentReader.grace)
        }
        guard reply != .null else { return [] }
        guard let entries = reply.array?.first?.array?.last?.array else {
            throw InventoryError(.unexpectedReply, "XREADGROUP answered \(reply)")
        }
        return entries.compactMap(IntentDelivery.init)
    }

    package func pending(after cursor: String, limit: Int) async throws(InventoryError) -> PendingPage {
        let reply = try await withGroup { () async throws(RedisClientError) in
            try await connection.send(
                RedisCommand(
                    "XAUTOCLAIM", .init(stream), .init(InventoryConfiguration.group), .init(consumer), "0",
                    .init(cursor), "COUNT", .init(limit)))
        }
        guard let parts = reply.array, parts.count >= 3, let next = parts[0].string, let entries = parts[1].array,
            let lost = parts[2].array
        else { throw InventoryError(.unexpectedReply, "XAUTOCLAIM answered \(reply)") }
        return PendingPage(
            deliveries: entries.compactMap(IntentDelivery.init), cursor: next,
            lost: lost.compactMap { $0.string.map(StreamEntryID.init) })
    }

    /// What Redis answers when the group is not there, or went away while the read waited.
    private static let groupIsGone: Set<String> = ["NOGROUP", "UNBLOCKED"]

    /// Runs `read`; when the group is gone, because Redis was emptied, makes it anew and reads once more.
    private func withGroup(
        _ read: () async throws(RedisClientError) -> RESPValue
    ) async throws(InventoryError) -> RESPValue {
        do { return try await read() } catch {
            guard let prefix = error.serverError?.prefix, Self.groupIsGone.contains(prefix) else {
                throw InventoryError(error)
            }
        }
        try await createGroup()
        do { return try await read() } catch { throw InventoryError(error) }
    }
}

extension IntentDelivery {
    /// Reads one element of XREADGROUP's or XAUTOCLAIM's reply: an id and its fields and values.
    init?(_ value: RESPValue) {
        guard let parts = value.array, let id = parts.first?.string else { return nil }
        self.init(entry: StreamEntryID(id), intent: parts.count == 2 ? parts[1].array.flatMap(Intent.init) : nil)
    }
}

extension Intent {
    /// Reads an intent's fields and values; nil when one is missing or breaks the rules of its type.
    init?(fields: [RESPValue]) {
        var order: OrderID?, user: UserID?, event: EventID?, method: PaymentMethod?, currency: Currency?
        var quantity: Int64?, amount: Int64?, trace: String?
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            let value = fields[index + 1]
            switch fields[index].string {
            case "order": order = value.string.flatMap { OrderID($0) }
            case "user": user = value.string.flatMap { UserID($0) }
            case "event": event = value.string.flatMap { EventID($0) }
            case "quantity": quantity = value.integer
            case "amount": amount = value.integer
            case "currency": currency = value.string.flatMap { Currency(rawValue: $0) }
            case "method": method = value.string.flatMap { PaymentMethod($0) }
            case "trace": trace = value.string
            default: break  // A field of a later version.
            }
        }
        guard let order, let user, let event, let method, let currency, let amount, let quantity,
            let units = Int(exactly: quantity), Limits.quantity.contains(units),
            let total = Money(amount: amount, currency: currency)
        else { return nil }
        self.init(
            order: order, user: user, event: event, quantity: units, total: total, paymentMethod: method, trace: trace)
    }
}
