import Ticketing

/// The service's books as bytes, so that a stored run is judged by what they said when it ended.
struct SnapshotCodec {
    private static let orderStatuses = OrderStatus.allCases

    static func write(_ snapshot: SaleSnapshot, to writer: inout ByteWriter) {
        writer.write(snapshot.total)
        writer.write(snapshot.available)
        writer.write(unsigned: UInt64(snapshot.repeatedTicketCodes.count))
        for order in snapshot.repeatedTicketCodes { writer.write(order.uuid) }
        write(snapshot.ledger, to: &writer)
        writer.write(unsigned: UInt64(snapshot.orders.count))
        for row in snapshot.orders { write(row, to: &writer) }
    }

    private static func write(_ ledger: Ledger, to writer: inout ByteWriter) {
        writer.write(ledger.capacity)
        let postgres = ledger.postgres
        for units in [postgres.available, postgres.pending, postgres.sold, postgres.cancelled] { writer.write(units) }
        writer.write(raw: (ledger.balanced ? 1 : 0) | (ledger.redis == nil ? 0 : 2))
        if let redis = ledger.redis {
            writer.write(redis.available)
            writer.write(redis.inFlight)
        }
    }

    private static func write(_ row: SaleSnapshot.OrderRow, to writer: inout ByteWriter) {
        writer.write(row.id.uuid)
        writer.write(row.buyer.uuid)
        writer.write(row.quantity)
        writer.write(raw: UInt8(orderStatuses.firstIndex(of: row.status) ?? 0))
        writer.write(row.tickets)
        let payment = row.payment
        for amount in [payment.due, payment.charges, payment.charged, payment.refunds] { writer.write(amount) }
        writer.write(raw: (payment.taken == nil ? 0 : 1) | (row.line == nil ? 0 : 2))
        if let taken = payment.taken { writer.write(taken) }
        if let line = row.line {
            writer.write(line.milliseconds)
            writer.write(line.number)
            writer.write(line.committedAt)
        }
    }

    static func read(_ reader: inout ByteReader) throws(LoadTestError) -> SaleSnapshot {
        let total = try reader.whole()
        let available = try reader.whole()
        var repeated: Set<OrderID> = []
        for _ in 0..<(try reader.count(ofSize: 16)) { repeated.insert(OrderID(try reader.uuid())) }
        let ledger = try readLedger(&reader)
        var orders: [SaleSnapshot.OrderRow] = []
        for _ in 0..<(try reader.count(ofSize: 40)) { orders.append(try readRow(&reader)) }
        return SaleSnapshot(
            orders: orders, total: total, available: available, repeatedTicketCodes: repeated, ledger: ledger)
    }

    private static func readLedger(_ reader: inout ByteReader) throws(LoadTestError) -> Ledger {
        let capacity = try reader.whole()
        let postgres = Ledger.Postgres(
            available: try reader.whole(), pending: try reader.whole(), sold: try reader.whole(),
            cancelled: try reader.whole())
        let bits = try reader.raw()
        var redis: Ledger.Redis?
        if bits & 2 != 0 {
            redis = Ledger.Redis(available: try reader.whole(), inFlight: try reader.whole())
        }
        return Ledger(capacity: capacity, postgres: postgres, redis: redis, balanced: bits & 1 != 0)
    }

    private static func readRow(_ reader: inout ByteReader) throws(LoadTestError) -> SaleSnapshot.OrderRow {
        let id = OrderID(try reader.uuid())
        let buyer = UserID(try reader.uuid())
        let quantity = try reader.whole()
        let status = Int(try reader.raw())
        guard orderStatuses.indices.contains(status) else {
            throw LoadTestError(.malformedHistory, "an order of no known state")
        }
        let tickets = try reader.whole()
        var payment = SaleSnapshot.OrderRow.Payment(
            due: try reader.whole(), charges: try reader.whole(), charged: try reader.whole(),
            refunds: try reader.whole())
        let bits = try reader.raw()
        if bits & 1 != 0 { payment.taken = try reader.whole() }
        var line: SaleSnapshot.OrderRow.Line?
        if bits & 2 != 0 {
            line = SaleSnapshot.OrderRow.Line(
                milliseconds: try reader.whole(), number: try reader.whole(), committedAt: try reader.whole())
        }
        return SaleSnapshot.OrderRow(
            id: id, buyer: buyer, quantity: quantity, status: orderStatuses[status], tickets: tickets,
            payment: payment, line: line)
    }
}
