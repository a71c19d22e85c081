import InventoryStore
import OrderRepository
import Ticketing

extension Auditor {
    /// What is not done yet; nil when nothing is on its way.
    func unfinished(partitions: [Partition]) -> String? {
        let rows = repository.image
        for partition in partitions {
            let image = inventory.image(of: partition)
            if image.backlog > 0 { return "\(image.backlog) entries on the stream of \(partition)" }
            if !rows.isQuiet(partition) { return "\(partition) has orders to settle, to publish or to release" }
            for event in rows.events where event.partition == partition {
                if image.isLeftOver(event.id) {
                    return "the stock of \(event.id) is what an earlier server process had"
                }
                guard image.revision(of: event.id) == event.terms.revision else {
                    return "\(event.id) is not loaded, or not as its organiser wants it"
                }
            }
        }
        return nil
    }

    /// Whether Redis has what Postgres has: I2, I9, with the buyers' counts of I6.
    /// - Parameter isTold: Whether the reconciler had time to tell Redis again what an older copy does not know.
    func auditStores(isTold: Bool) {
        let rows = repository.image
        for event in rows.events {
            let image = inventory.image(of: event.partition)
            let stock = image.stock(of: event.id)
            expect(
                stock?.available == event.available, .i2,
                "\(event.id) has \(stock?.available ?? -1) available in Redis and \(event.available) in Postgres")
            var held: [UserID: Int] = [:]
            for order in rows.orders where order.intent.event == event.id && order.holdsStock {
                held[order.intent.user, default: 0] += order.intent.quantity
            }
            let counted = image.holders(of: event.id)
            expect(counted == held, .i6, "the buyers of \(event.id) have \(counted) in Redis and \(held) in Postgres")
        }
        for order in rows.orders {
            guard let record = inventory.image(of: order.intent.order.partition).record(of: order.intent.order) else {
                expect(losses > 0, .i9, "\(order.intent.order) has no record")
                continue
            }
            // A copy that Redis went back to may be older than what it was told since. That a cancelled order was
            // refunded it is not told again.
            let isOld = record.status == .pending || record.status.canMove(to: order.state.status)
            if rollbacks > 0, isOld, record.status.isFinal || !isTold { continue }
            expect(
                record.status == order.state.status, .i9,
                "\(record.id) is \(record.status) in Redis and \(order.state.status) in Postgres")
            expect(
                record.tickets.count == order.state.tickets.count, .i16,
                "\(record.id) has \(record.tickets.count) tickets in Redis and \(order.state.tickets.count)")
        }
    }

    /// Whether what buyers were shown at last is what became of their orders. I4, I9.
    func auditShown() {
        let rows = repository.image
        for order in rows.orders {
            expect(order.state.status.isFinal, .i4, "\(order.intent.order) is \(order.state.status)")
            guard let status = finalState(of: order.intent.order), status != order.state.status else { continue }
            expect(
                status.canMove(to: order.state.status), .i9,
                "\(order.intent.order) was shown as \(status) and is \(order.state.status)")
        }
    }

    /// Whether all that somebody wanted is sold. I3.
    func auditSoldOut() {
        let rows = repository.image
        for event in rows.events {
            let sold = rows.units(of: event.id).confirmed
            expect(sold == event.terms.total, .i3, "\(event.id) has sold \(sold) of \(event.terms.total)")
        }
    }

    /// Whether every charge ended in tickets or was given back, and every ticket was paid for. I8.
    func auditCharges(_ provider: SimulatedProvider) {
        for order in repository.image.orders {
            let book = provider.book(of: order.intent.order)
            let isCharged = book?.status == .captured && book?.isRefunded == false
            let isDue = order.state.status == .confirmed && order.intent.total.amount > 0
            expect(
                isCharged == isDue, .i8,
                "\(order.intent.order) is \(order.state.status) and was \(isCharged ? "" : "not ")charged")
        }
        for (order, book) in provider.books where book.status == .captured && !book.isRefunded {
            expect(repository.image.order(order) != nil, .i8, "\(order) was charged and is not in Postgres")
        }
    }
}
